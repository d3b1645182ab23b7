"""Headrace at the same job: batches of 100 over gRPC, then one dispatcher, and two."""

import asyncio
import time
from importlib.metadata import version

import grpc
from google.cloud.tasks_v2 import BatchCreateTasksRequest, CreateTaskRequest, Task

from tests.bench.enqueue import BATCH
from tests.bench.filling import add_queue, opened, resume
from tests.bench.nginx import nginx
from tests.bench.nodes import api, dispatchers, redis
from tests.bench.peers.job import Row, delivered_per_s

_BATCH = 100
_AT_ONCE = 4


async def measure(tasks: int) -> list[Row]:
    """One row for one dispatcher, one for two. Raises Missing."""
    rows = []
    for count in (1, 2):
        with redis() as server, nginx() as sink:
            async with opened(server.url) as store:
                queue = await add_queue(store, "peer", paused=True)
                with api(server.url) as node:
                    added = await _enqueue(node.grpc, str(queue), sink.url, tasks)
                before = sink.arrived()
                with dispatchers(server.url, count):
                    await resume(store, queue)
                    drained = await asyncio.to_thread(delivered_per_s, sink, before, tasks)
        name = "Headrace" if count == 1 else "Headrace, 2 dispatchers"
        chosen = f"BatchCreateTasks of {_BATCH}, {_AT_ONCE} calls at once; all settings as by default"
        rows.append(Row(name, f"headrace {version('headrace')}", chosen, added, drained))
    return rows


async def _enqueue(address: str, queue: str, url: str, tasks: int) -> float:
    task = Task(http_request={"url": url, "body": b"x" * 200})
    requests = [CreateTaskRequest(parent=queue, task=task)] * _BATCH
    message = BatchCreateTasksRequest.pb(BatchCreateTasksRequest(parent=queue, requests=requests)).SerializeToString()
    calls = iter(range(tasks // _BATCH))
    async with grpc.aio.insecure_channel(address) as channel:
        create = channel.unary_unary(BATCH)

        async def caller() -> None:
            for _ in calls:
                await create(message)

        begun_s = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(_AT_ONCE)))
        return tasks / (time.perf_counter() - begun_s)
