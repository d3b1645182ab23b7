"""Latency: from the moment a caller wants a task created until its request is at the target, on an idle system.

The load is open: calls begin at the moments of a fixed plan, however slow earlier ones are, and each latency counts
from the planned moment, so nothing that waits is left out. The limit is the same load at a handler that does nothing.
"""

import asyncio
import time

import grpc
from google.cloud.tasks_v2 import CreateTaskRequest, Task

from tests.bench.children import module
from tests.bench.filling import add_queue, opened
from tests.bench.idle_grpc import METHOD
from tests.bench.nodes import api, dispatchers, redis, until
from tests.bench.report import Report, quantile, quantile_curve
from tests.bench.sink import sink

_PLANNED_AHEAD_US = 1_000_000


async def measure(
    report: Report, *, seconds: float = 10, rates: tuple[int, ...] = (100, 500), warm_up_s: float = 1
) -> None:
    """Tasks are created over gRPC at each of the rates, one rate after the other."""
    curves = {}
    with redis() as server, sink() as target, api(server.url) as node, dispatchers(server.url):
        async with opened(server.url) as store, grpc.aio.insecure_channel(node.grpc) as channel:
            queue = await add_queue(store, "latency")
            create = channel.unary_unary(METHOD)
            limit_ms = quantile(await _answers_of_nothing_ms(rates[0], seconds / 2), 0.5)
            for rate in rates:
                lane = f"at-{rate}"
                begun_us, answered_ms = await _open_load(
                    create, str(queue), f"{target.url}/{lane}", rate, seconds + warm_up_s
                )
                count = round(rate * (seconds + warm_up_s))
                await until(lambda lane=lane, count=count: _came(target, lane, count))
                marks = [mark for mark in target.marks(lane) if mark.number > begun_us + warm_up_s * 1e6]
                latencies = sorted((mark.came_us - mark.number) / 1e3 for mark in marks)
                idle = rate == rates[0]
                report.figure(f"enqueue to arrival at {rate}/s, p50", quantile(latencies, 0.5), "ms", **_most(idle, 3))
                report.figure(
                    f"enqueue to arrival at {rate}/s, p99", quantile(latencies, 0.99), "ms", **_most(idle, 10)
                )
                report.figure(f"enqueue to arrival at {rate}/s, longest", latencies[-1], "ms")
                beside = {"limit": "a handler that does nothing", "limit_value": limit_ms} if idle else {}
                answer = f"enqueue to the answer of CreateTask at {rate}/s, p50"
                report.figure(answer, quantile(answered_ms, 0.5), "ms", **beside)
                curves[f"{rate}/s"] = quantile_curve(latencies)
    report.plot(
        "latency",
        "From the planned moment of CreateTask to the arrival at the target",
        ("percentile", "ms"),
        curves,
        log_x=True,
        log_y=True,
    )


async def _answers_of_nothing_ms(rate: int, seconds: float) -> list[float]:
    """How long answers take (ms, sorted) of which nothing but gRPC and the machine takes any time."""
    with module("idle_grpc") as (_, idle):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{idle['port']}") as channel:
            _, answered_ms = await _open_load(channel.unary_unary(METHOD), "", "", rate, seconds)
            return answered_ms


async def _open_load(create: object, queue: str, url: str, rate: int, seconds: float) -> tuple[int, list[float]]:
    """Make calls by plan; when it began (us), and how long each call's answer took (ms), sorted. Fails if a call does.

    Requests are ready before, and a thread keeps the plan: the event loop's timers are up to a millisecond late.
    """
    loop = asyncio.get_running_loop()
    begun_us = time.time_ns() // 1000 + _PLANNED_AHEAD_US
    planned_us = [begun_us + round(number / rate * 1e6) for number in range(round(rate * seconds))]
    requests = [_request(queue, url, moment_us) for moment_us in planned_us]
    calls = []

    async def call(request: bytes, moment_us: int) -> float:
        await create(request)
        return (time.time_ns() // 1000 - moment_us) / 1e3

    def begin(request: bytes, moment_us: int) -> None:
        calls.append(asyncio.ensure_future(call(request, moment_us)))

    def keep_plan() -> None:
        for moment_us, request in zip(planned_us, requests, strict=True):
            time.sleep(max(0, moment_us - time.time_ns() // 1000) / 1e6)
            loop.call_soon_threadsafe(begin, request, moment_us)

    await asyncio.to_thread(keep_plan)
    return begun_us, sorted(await asyncio.gather(*calls))


def _request(queue: str, url: str, planned_us: int) -> bytes:
    """A task that carries the moment at which it was to be created."""
    task = Task(http_request={"url": url, "body": str(planned_us).encode()})
    return CreateTaskRequest.pb(CreateTaskRequest(parent=queue, task=task)).SerializeToString()


async def _came(target: object, lane: str, count: int) -> bool:
    return target.arrived(lane) >= count


def _most(judged: bool, at_most: float) -> dict[str, float]:
    return {"at_most": at_most} if judged else {}
