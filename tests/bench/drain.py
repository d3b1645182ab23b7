"""Drain: how fast one dispatcher empties a queue that was full before it started, with everything on."""

from tests.bench.emptying import emptied
from tests.bench.filling import Filling, add_queue, fill, opened, resume
from tests.bench.nginx import nginx, wrk
from tests.bench.nodes import dispatchers, redis
from tests.bench.report import Report


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
                seen = await emptied(sink, server, node, tasks, before)
    report.figure("drain, one dispatcher", seen.rate, "tasks/s", limit="wrk", limit_value=limit, at_least=0.5)
    report.figure("dispatcher CPU of a drained task", seen.dispatcher_us, "us")
    report.figure("Redis CPU of a drained task (claim, settle)", seen.redis_us, "us")
    report.figure("tasks of a claim or settle call", seen.batch, "tasks")
