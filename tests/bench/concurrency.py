"""Concurrency: how many requests of a queue are at a slow target at once, and how much of its limit it uses."""

import asyncio

from broker.model.queue import RateLimits
from tests.bench.filling import Filling, add_queue, fill, opened, resume
from tests.bench.nodes import dispatchers, redis
from tests.bench.report import Report
from tests.bench.sink import SLOW_S, sink


async def measure(
    report: Report, *, limits: tuple[int, ...] = (1, 10, 100), seconds: float = 5, counts: tuple[int, ...] = (1, 2)
) -> None:
    """Targets answer after 100 ms, so that a queue with n slots can make 10 n dispatches a second."""
    for count in counts:
        with redis() as server, sink() as target:
            async with opened(server.url) as store:
                queues = []
                for limit in limits:
                    lane = f"slots-{limit}"
                    queues.append(await add_queue(store, lane, RateLimits(1e6, 1_000_000, limit), paused=True))
                    tasks = round(limit * (seconds / SLOW_S + 10))
                    await fill(store, queues[-1], Filling(f"{target.url}/{lane}/slow", schedule_us=[None] * tasks))
                with dispatchers(server.url, count):
                    await resume(store, *queues)
                    await asyncio.sleep(1)
                    before = target.counts()
                    await asyncio.sleep(seconds)
                    after = target.counts()
        for limit in limits:
            came, peak = after[f"slots-{limit}"]
            rate = (came - before.get(f"slots-{limit}", (0, 0))[0]) / seconds
            plural = f"{count} dispatcher{'s' if count > 1 else ''}"
            report.figure(f"most requests at once, {limit} allowed, {plural}", peak, "requests", at_most=float(limit))
            possible = {"limit": "limit / latency", "limit_value": limit / SLOW_S}
            report.figure(f"dispatches with {limit} slots of {SLOW_S:g} s, {plural}", rate, "tasks/s", **possible)
