"""Rates: how exactly queues keep to theirs, judged by the times at which Redis let each task go."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from broker.model.bucket import default_burst
from broker.model.names import QueueName
from broker.model.queue import RateLimits
from broker.model.task import View
from broker.store.store import Store
from tests.bench.claim_loop import claim_loops
from tests.bench.filling import NO_RETRY_SOON, Filling, add_queue, fill, opened, resume
from tests.bench.machine import cpu_s
from tests.bench.nodes import dispatchers, redis
from tests.bench.report import Report
from tests.bench.sink import sink
from tests.support.rates import ROUNDING, Limit, worst_excess

_CHANGED = (50, 200)


async def measure(
    report: Report,
    *,
    rates: tuple[float, ...] = (0.1, 1, 500, 20_000),
    seconds: float = 21,
    fast_seconds: float = 4,
    counts: tuple[int, ...] = (1, 2, 4),
) -> None:
    """Queues of these rates side by side, full, with 1, 2 and 4 dispatchers; one more changes its rate half-way.

    Rates of more than 1,000 a second are kept by loops that claim without requests, each in a process of its own: what
    is measured there is the bucket, not how fast a dispatcher is. Redis's share of a core tells whether it got the time
    that so many claims take: less than a free machine gives it means that tokens were left for that reason.
    """
    for count in counts:
        plural = f"{count} dispatcher{'s' if count > 1 else ''}"
        slow = [rate for rate in rates if rate <= 1000]
        for rate, found in (await _with_dispatchers(count, slow, seconds)).items():
            _tell(report, f"{rate}/s, {plural}", *found)
        for rate in rates:
            if rate > 1000:
                moments, limits, redis_cpu = await _with_claim_loops(count, rate, fast_seconds)
                _tell(report, f"{rate:,}/s, {plural}", moments, limits)
                report.figure(f"CPU of Redis for claims, {rate:,}/s, {plural}", redis_cpu * 100, "% of a core")


def _tell(report: Report, what: str, moments_us: Sequence[int], limits: Sequence[Limit]) -> None:
    excess = max(0.0, worst_excess(moments_us, limits) - ROUNDING)
    report.figure(f"most dispatches above rate x t + burst in any window, {what}", excess, "tasks", at_most=0.0)
    last_us = max(moments_us)
    ends = [limit.from_us for limit in limits[1:]] + [last_us]
    tokens = limits[0].burst + sum(
        limit.rate * max(0, end_us - limit.from_us) / 1e6 for limit, end_us in zip(limits, ends, strict=True)
    )
    used = sum(moment_us <= last_us for moment_us in moments_us)
    report.figure(f"share of the tokens that were used, {what}", used / tokens, "", at_least=0.99)


async def _with_dispatchers(
    count: int, rates: Sequence[float], seconds: float
) -> dict[float | str, tuple[list[int], list[Limit]]]:
    """By rate: when tasks were dispatched, and the limits. Targets fail, retries are far: tasks stay and tell when."""
    with redis() as server, sink() as target:
        async with opened(server.url) as store:
            queues = {rate: await _full_queue(store, target.url, rate, seconds) for rate in (*rates, _CHANGED[0])}
            changed = queues[_CHANGED[0]]
            with dispatchers(server.url, count):
                began = {rate: await store.time_us() for rate in queues}
                await resume(store, *queues.values())
                await asyncio.sleep(seconds / 2)
                before_us = await store.time_us()
                await store.queues.update(changed, lambda queue: replace(queue, rate_limits=_limits(_CHANGED[1])))
                after_us = await store.time_us()
                await asyncio.sleep(seconds / 2)
            found = {rate: await _moments_us(store, queue) for rate, queue in queues.items()}
    limits = {rate: [Limit(began[rate], rate, default_burst(rate))] for rate in queues}
    slow, fast = (Limit(0, rate, default_burst(rate)) for rate in _CHANGED)
    first = limits.pop(_CHANGED[0])[0]
    either = Limit(before_us, fast.rate, fast.burst)
    moments = found.pop(_CHANGED[0])
    answer: dict[float | str, tuple[list[int], list[Limit]]] = {rate: (found[rate], limits[rate]) for rate in rates}
    answer[f"{slow.rate} then {fast.rate}"] = moments, [first, either, replace(fast, from_us=after_us)]
    return answer


def _limits(rate: float) -> RateLimits:
    return RateLimits(rate, default_burst(rate), 100_000)


async def _full_queue(store: Store, url: str, rate: float, seconds: float) -> QueueName:
    """A paused queue with more tasks than it can dispatch in the time."""
    queue_id = f"rate-{rate}".replace(".", "-")
    queue = await add_queue(store, queue_id, _limits(rate), paused=True, retry_config=NO_RETRY_SOON)
    most = max(_CHANGED) if rate == _CHANGED[0] else rate
    tasks = 10 + round(1.5 * (most * (seconds + 2) + default_burst(most)))
    await fill(store, queue, Filling(f"{url}/{queue_id}/fail", schedule_us=[None] * tasks))
    return queue


async def _moments_us(store: Store, queue: QueueName) -> list[int]:
    """When each task of a queue was first dispatched that was."""
    moments, token = {}, ""
    while True:
        page, token = await store.tasks.page(queue, View.BASIC, page_size=1000, token=token)
        moments |= {task.name: task.first_attempt.dispatch_us for task in page if task.first_attempt}
        if not token:
            return list(moments.values())


async def _with_claim_loops(count: int, rate: float, seconds: float) -> tuple[list[int], list[Limit], float]:
    """When tasks were claimed, the limit, and how much of a core Redis used meanwhile."""
    burst = default_burst(rate)
    with redis() as server:
        async with opened(server.url) as store:
            queue = await add_queue(store, "fast", _limits(rate), paused=True)
            await fill(store, queue, Filling("http://127.0.0.1:9/", schedule_us=[None] * round(burst + rate * seconds)))
            partition = store.backend.keys.partition_of(queue)
            with ExitStack() as stack:
                loops = stack.enter_context(claim_loops(server.url, partition, count))
                begun_us = await store.time_us()
                used_s = cpu_s(server.process.pid)
                await resume(store, queue)
                await asyncio.sleep(seconds * 0.8)
                used_s = cpu_s(server.process.pid) - used_s
                moments = [moment_us for one in loops for moment_us, tasks in one.stop() for _ in range(tasks)]
    return moments, [Limit(begun_us, rate, burst)], used_s / (seconds * 0.8)
