"""Enqueue: creates a second over gRPC, REST and in batches, beside handlers that do nothing and the store alone."""

import base64
import json
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

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


async def measure(
    report: Report, *, seconds: float = 2, rounds: int = 3, body_bytes: int = 300, batch: int = 100
) -> None:
    """64 calls are open at once, made by h2load or wrk. The queue is paused: nothing is dispatched.

    What has a limit is measured in turn with it, and the median of the rounds counts.
    """
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

            async def created() -> int:
                return (await store.queues.stats(queue)).tasks

            meter = _Meter(report, server, node, created)
            await meter.begin()
            with module("idle_grpc") as (_, idle):
                limits, rates = _in_turn(
                    rounds,
                    lambda: grpc_calls(f"127.0.0.1:{idle['port']}", METHOD, create, seconds),
                    lambda: grpc_calls(node.grpc, METHOD, create, seconds),
                )
            limit = {"limit": "a grpc.aio handler that does nothing", "limit_value": limits, "at_least": 0.7}
            await meter.tell("CreateTask over gRPC", rates, **limit)
            await meter.begin()
            with module("idle_http") as (_, idle):
                limits, rates = _in_turn(
                    rounds,
                    lambda: wrk_script(f"http://127.0.0.1:{idle['port']}/v2/tasks", seconds, script),
                    lambda: wrk_script(f"{node.http}/v2/{queue}/tasks", seconds, script),
                )
            limit = {"limit": "an aiohttp handler that does nothing", "limit_value": limits, "at_least": 0.4}
            await meter.tell("CreateTask over REST", rates, **limit)
            alone = await _store_alone(server, body, round(seconds * rounds * 10_000))
            report.figure("the store alone: one connection, batches of 100", alone, "tasks/s")
            await meter.begin()
            rate = batch * grpc_calls(node.grpc, BATCH, creates, seconds * rounds, streams=1)
            limit = {"limit": "the store alone", "limit_value": alone}
            await meter.tell(f"BatchCreateTasks of {batch} over gRPC", rate, **limit)


def _in_turn(rounds: int, limit: Callable[[], float], ours: Callable[[], float]) -> tuple[float, float]:
    """The median rates of both."""
    rates = [(limit(), ours()) for _ in range(rounds)]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


class _Meter:
    """What API node and Redis spend on tasks, which `created` counts."""

    def __init__(self, report: Report, server: Server, node: Node, created: Callable[[], Awaitable[int]]) -> None:
        self._report, self._server, self._node, self._created = report, server, node, created

    async def begin(self) -> None:
        """Count from now on."""
        self._tasks = await self._created()
        self._spent, self._used_s = RedisCost.now(self._server), cpu_s(self._node.pid)

    async def tell(self, what: str, rate: float, **limit: Any) -> None:
        """Note the rate, beside its limit, and what the tasks since `begin` cost."""
        spent, used_s = RedisCost.now(self._server).since(self._spent), cpu_s(self._node.pid) - self._used_s
        tasks = await self._created() - self._tasks
        assert tasks > 0, f"{what} created nothing"
        self._report.figure(what, rate, "tasks/s", **limit)
        self._report.figure(f"API node CPU of a task, {what}", used_s * 1e6 / tasks, "us")
        self._report.figure(f"Redis CPU of a task, {what}", spent.cpu_us / tasks, "us")
        self._report.figure(f"tasks of a script call, {what}", tasks / spent.script_calls, "tasks")


async def _store_alone(server: Server, body: bytes, tasks: int) -> float:
    async with opened(server.url) as store:
        queue = await add_queue(store, "alone", paused=True)
        begun_s = time.perf_counter()
        await fill(store, queue, Filling(URL, body, schedule_us=[None] * tasks))
        return tasks / (time.perf_counter() - begun_s)


def _wire(message: object) -> bytes:
    return type(message).pb(message).SerializeToString()
