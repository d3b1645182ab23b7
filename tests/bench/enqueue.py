"""Enqueue: creates a second over gRPC, REST and in batches, beside handlers that do nothing and the store alone."""

import base64
import json
import time

from google.cloud.tasks_v2 import BatchCreateTasksRequest, CreateTaskRequest, Task

from tests.bench.children import module
from tests.bench.filling import Filling, add_queue, fill, opened
from tests.bench.h2load import grpc_calls
from tests.bench.idle_grpc import METHOD
from tests.bench.machine import cpu_s
from tests.bench.nginx import wrk_script
from tests.bench.nodes import api, redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report
from tests.support.servers import Server
from tests.support.up import Node

URL = "http://127.0.0.1:9/"
BATCH = METHOD.replace("CreateTask", "BatchCreateTasks")
_WRK = "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [[{body}]]"


async def measure(report: Report, *, seconds: float = 5, body_bytes: int = 300, batch: int = 100) -> None:
    """64 calls are open at once, made by h2load or wrk. The queue is paused: nothing is dispatched."""
    body = b"x" * body_bytes
    task = Task(http_request={"url": URL, "body": body})
    http_body = {"task": {"httpRequest": {"url": URL, "body": base64.b64encode(body).decode()}}}
    script = _WRK.format(body=json.dumps(http_body))
    with redis() as server, api(server.url) as node:
        async with opened(server.url) as store:
            queue = await add_queue(store, "filled", paused=True)
            create = _wire(CreateTaskRequest(parent=str(queue), task=task))
            requests = [CreateTaskRequest(parent=str(queue), task=task)] * batch
            creates = _wire(BatchCreateTasksRequest(parent=str(queue), requests=requests))
            with module("idle_grpc") as (_, idle):
                grpc_limit = grpc_calls(f"127.0.0.1:{idle['port']}", METHOD, create, seconds)
            with module("idle_http") as (_, idle):
                http_limit = wrk_script(f"http://127.0.0.1:{idle['port']}/v2/tasks", seconds, script)

            async def measured(
                what: str, calls: float, tasks_before: int, limit: tuple[str, float, float | None]
            ) -> None:
                stats = await store.queues.stats(queue)
                assert stats.tasks > tasks_before, f"{what} created nothing"
                name, limit_rate, at_least = limit
                more = {"limit": name, "limit_value": limit_rate, "at_least": at_least}
                report.figure(what, calls, "tasks/s", **more)

            meter = _Meter(report, server, node)
            rate = grpc_calls(node.grpc, METHOD, create, seconds)
            await measured("CreateTask over gRPC", rate, 0, ("a grpc.aio handler that does nothing", grpc_limit, 0.7))
            before = (await store.queues.stats(queue)).tasks
            meter.tell("CreateTask over gRPC", before)
            meter = _Meter(report, server, node)
            rate = wrk_script(f"{node.http}/v2/{queue}/tasks", seconds, script)
            limit = ("an aiohttp handler that does nothing", http_limit, 0.4)
            await measured("CreateTask over REST", rate, before, limit)
            after = (await store.queues.stats(queue)).tasks
            meter.tell("CreateTask over REST", after - before)
            meter = _Meter(report, server, node)
            alone = await _store_alone(server, body, round(seconds * 10_000))
            report.figure("the store alone: one connection, batches of 100", alone, "tasks/s")
            meter = _Meter(report, server, node)
            rate = batch * grpc_calls(node.grpc, BATCH, creates, seconds, streams=1)
            await measured(f"BatchCreateTasks of {batch} over gRPC", rate, after, ("the store alone", alone, None))
            meter.tell(f"BatchCreateTasks of {batch} over gRPC", (await store.queues.stats(queue)).tasks - after)


class _Meter:
    """What API node and Redis spend from the moment it is made."""

    def __init__(self, report: Report, server: Server, node: Node) -> None:
        self._report, self._server, self._node = report, server, node
        self._spent, self._used_s = RedisCost.now(server), cpu_s(node.pid)

    def tell(self, what: str, tasks: int) -> None:
        """Note the cost of so many tasks."""
        spent, used_s = RedisCost.now(self._server).since(self._spent), cpu_s(self._node.pid) - self._used_s
        self._report.figure(f"API node CPU of a task, {what}", used_s * 1e6 / tasks, "us")
        self._report.figure(f"Redis CPU of a task, {what}", spent.cpu_us / tasks, "us")


async def _store_alone(server: Server, body: bytes, tasks: int) -> float:
    async with opened(server.url) as store:
        queue = await add_queue(store, "alone", paused=True)
        begun_s = time.perf_counter()
        await fill(store, queue, Filling(URL, body, schedule_us=[None] * tasks))
        return tasks / (time.perf_counter() - begun_s)


def _wire(message: object) -> bytes:
    return type(message).pb(message).SerializeToString()
