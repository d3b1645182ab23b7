"""Scale: what creating, claiming and settling a task costs Redis when ever more tasks are queued."""

import asyncio
from collections.abc import Sequence

from broker.store.attempts import ClaimedTask, Outcome, Result
from broker.store.store import Store
from tests.bench.filling import HOUR_US, Filling, add_queue, fill, opened
from tests.bench.nodes import redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report

_CLAIMED_AT_ONCE = 200


async def measure(
    report: Report, *, sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000), probes: int = 20_000
) -> None:
    """At each size, `probes` more tasks are created, claimed and settled, in batches of 100 and 200."""
    created, executed = [], []
    with redis() as server:
        async with opened(server.url) as store:
            queue = await add_queue(store, "grows")
            there, number = 0, 0
            for size in sizes:
                later_us = await store.time_us() + HOUR_US
                await fill(
                    store, queue, Filling("http://127.0.0.1:9/", schedule_us=range(later_us, later_us + size - there))
                )
                there = size
                before = RedisCost.now(server)
                await fill(store, queue, Filling("http://127.0.0.1:9/", b"x" * 300, schedule_us=[None] * probes))
                between = RedisCost.now(server)
                number = await _execute(store, store.backend.keys.partition_of(queue), probes, number)
                after = RedisCost.now(server)
                create_us, execute_us = (cost.cpu_us / probes for cost in (between.since(before), after.since(between)))
                created.append((size, create_us))
                executed.append((size, execute_us))
                report.figure(f"Redis CPU of a create, {size:,} queued", create_us, "us")
                report.figure(f"Redis CPU of a claim and settle, {size:,} queued", execute_us, "us")
                script_us = after.since(before).script_us / probes
                report.figure(f"of a life: inside scripts, {size:,} queued", script_us, "us")
                total_us = create_us + execute_us
                report.figure(f"Redis CPU of a task's life, {size:,} queued", total_us, "us", at_most=15)
    curves = {"create": created, "claim and settle": executed}
    report.plot("scale", "Redis CPU of a task", ("tasks queued", "us"), curves, log_x=True)


async def _execute(store: Store, partition: int, tasks: int, number: int) -> int:
    """Claim and settle so many, one batch after the other; the number of the next claim."""
    done = 0
    while done < tasks:
        claim = await store.attempts.claim(
            partition, owner="bench", number=number, max_tasks=_CLAIMED_AT_ONCE, lease_us=30_000_000, skip=()
        )
        number += 1
        if claim.tasks:
            await store.attempts.settle(partition, _results(claim.tasks))
            done += len(claim.tasks)
        else:
            await asyncio.sleep(0.001)
    return number


def _results(tasks: Sequence[ClaimedTask]) -> list[Result]:
    return [Result(task.key, Outcome.DONE, 200) for task in tasks]
