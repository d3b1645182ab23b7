"""Drain: how fast one dispatcher empties a queue that was full before it started, with everything on."""

import time

from tests.bench.filling import Filling, add_queue, fill, opened, resume
from tests.bench.machine import cpu_s
from tests.bench.nginx import nginx, wrk
from tests.bench.nodes import dispatchers, redis, until
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report

_WARM_UP = 0.1
"""Share of the tasks after which the clock starts: connections are open by then and the code is warm."""


async def measure(report: Report, *, tasks: int = 100_000, body_bytes: int = 200, wrk_s: float = 4) -> None:
    """Tasks with an OIDC token for nginx; wrk, with one thread and 64 connections, against the same nginx before."""
    with nginx() as sink, redis() as server:
        limit = wrk(sink.url, wrk_s, body_bytes=body_bytes)
        before = sink.arrived()
        async with opened(server.url) as store:
            queue = await add_queue(store, "drained", paused=True)
            schedule = [None] * tasks
            await fill(store, queue, Filling(sink.url, b"x" * body_bytes, oidc=True, schedule_us=schedule))
            with dispatchers(server.url) as (node,):
                await resume(store, queue)

                async def arrived(count: int) -> tuple[int, float]:
                    found = 0

                    async def look() -> bool:
                        nonlocal found
                        found = sink.arrived() - before
                        return found >= count

                    await until(look)
                    return found, time.monotonic()

                first, begun_s = await arrived(round(tasks * _WARM_UP))
                spent, used_s = RedisCost.now(server), cpu_s(node.pid)
                last, ended_s = await arrived(tasks)
                spent, used_s = RedisCost.now(server).since(spent), cpu_s(node.pid) - used_s
    drained = last - first
    rate = drained / (ended_s - begun_s)
    report.figure("drain, one dispatcher", rate, "tasks/s", limit="wrk", limit_value=limit, at_least=0.5)
    report.figure("dispatcher CPU of a drained task", used_s * 1e6 / drained, "us")
    report.figure("Redis CPU of a drained task (claim, settle)", spent.cpu_us / drained, "us")
    report.figure("tasks of a claim or settle call", 2 * drained / spent.script_calls, "tasks")
