"""Headrace at the same job, with Envoy in front or without: batches of 100 over gRPC, then one dispatcher, and two."""

import asyncio
import time
from importlib.metadata import version

import grpc
from google.cloud.tasks_v2 import BatchCreateTasksRequest, CreateTaskRequest, Task

from tests.bench.enqueue import BATCH
from tests.bench.filling import add_queue, opened, resume
from tests.bench.fronts import require_envoy
from tests.bench.nginx import nginx
from tests.bench.nodes import api, dispatchers, redis
from tests.bench.peers.job import Row, delivered_per_s

_BATCH = 100
_AT_ONCE = 4


async def measure(tasks: int) -> list[Row]:
    """One row for one dispatcher, one for two. Raises Missing."""
    return await _measured(tasks, "Headrace", "grpcio", "all settings as by default")


async def measure_envoy(tasks: int) -> list[Row]:
    """The same with Envoy in front of the API node. Raises Missing."""
    require_envoy()
    return await _measured(tasks, "Headrace, Envoy", "envoy", "Envoy in front, other settings as by default")


async def _measured(tasks: int, name: str, front: str, settings: str) -> list[Row]:
    chosen, rows = f"BatchCreateTasks of {_BATCH}, {_AT_ONCE} calls at once; {settings}", []
    for count in (1, 2):
        with redis() as server, nginx() as sink:
            async with opened(server.url) as store:
                queue = await add_queue(store, "peer", paused=True)
                with api(server.url, "--front", front) as node:
                    added = await _enqueue(node.grpc, str(queue), sink.url, tasks)
                before = sink.arrived()
                with dispatchers(server.url, count):
                    await resume(store, queue)
                    drained = await asyncio.to_thread(delivered_per_s, sink, before, tasks)
        row_name = name if count == 1 else f"{name}, {count} dispatchers"
        rows.append(Row(row_name, f"headrace {version('headrace')}", chosen, added, drained))
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
