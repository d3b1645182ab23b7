"""Many queues: the same number of tasks in ever more queues, emptied by one dispatcher."""

import asyncio

from tests.bench.emptying import Emptied, emptied
from tests.bench.filling import Filling, add_queue, fill, opened
from tests.bench.nginx import nginx
from tests.bench.nodes import dispatchers, redis
from tests.bench.report import Report

_AT_ONCE = 50
_WARM_UP = 0.5
"""By then the dispatcher has met every queue."""


async def measure(report: Report, *, tasks: int = 50_000, queues: tuple[int, ...] = (1, 100, 10_000)) -> None:
    """A drain for each number of queues, which share the tasks evenly; each is set beside the first."""
    one: Emptied | None = None
    for count in queues:
        seen = await _emptied(tasks, count)
        one = one or seen
        beside = {"limit": f"in {queues[0]:,}", "limit_value": one.rate} if seen is not one else {}
        report.figure(f"drain, {count:,} queues", seen.rate, "tasks/s", **beside)
        report.figure(f"dispatcher CPU of a task, {count:,} queues", seen.dispatcher_us, "us")
        report.figure(f"Redis CPU of a task (claim, settle), {count:,} queues", seen.redis_us, "us")
        report.figure(f"tasks of a claim or settle call, {count:,} queues", seen.batch, "tasks")


async def _emptied(tasks: int, count: int) -> Emptied:
    with nginx() as sink, redis() as server:
        before = sink.arrived()
        async with opened(server.url) as store:
            numbers = iter(range(count))
            filling = Filling(sink.url, b"x" * 200, oidc=True, schedule_us=[None] * (tasks // count))

            async def add() -> None:
                for number in numbers:
                    await fill(store, await add_queue(store, f"q{number}"), filling)

            await asyncio.gather(*(add() for _ in range(_AT_ONCE)))
            with dispatchers(server.url) as (node,):
                return await emptied(sink, server, node, tasks // count * count, before, warm_up=_WARM_UP)
