"""Scale: what creating, claiming and settling a task costs Redis when ever more tasks are queued."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from broker.model.names import QueueName
from broker.store.attempts import ClaimedTask, Outcome, Result
from broker.store.store import Store
from tests.bench import raw_redis
from tests.bench.filling import HOUR_US, Filling, add_queue, fill, opened
from tests.bench.nodes import redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report
from tests.support.servers import Server

_CREATED_AT_ONCE, _CLAIMED_AT_ONCE = 100, 200
_URL, _BODY = "http://127.0.0.1:9/", b"x" * 300
_RECORD_BYTES = 440
_PLAIN = "plain commands, pipelined"


@dataclass(frozen=True)
class _Life:
    """CPU (us) of one task's life, and the time inside scripts, which is by the wall's clock."""

    create_us: float
    execute_us: float
    script_us: float

    @property
    def total_us(self) -> float:
        return self.create_us + self.execute_us


async def measure(
    report: Report, *, sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000), probes: int = 20_000
) -> None:
    """At each size, `probes` more tasks are created, claimed and settled, in batches of 100 and 200."""
    created, executed = [], []
    with redis() as server:
        at_once = {"create_batch": _CREATED_AT_ONCE, "execute_batch": _CLAIMED_AT_ONCE}
        plain_create_us, plain_execute_us = raw_redis.cost(server, probes, _RECORD_BYTES, **at_once)
        async with opened(server.url) as store:
            queue = await add_queue(store, "grows")
            there = 0
            for size in sizes:
                later_us = await store.time_us() + HOUR_US
                await fill(store, queue, Filling(_URL, schedule_us=range(later_us, later_us + size - there)))
                there = size
                life = await _live(server, store, queue, probes)
                created.append((size, life.create_us))
                executed.append((size, life.execute_us))
                beside = {"limit": _PLAIN, "limit_value": plain_create_us}
                report.figure(f"Redis CPU of a create, {size:,} queued", life.create_us, "us", **beside)
                beside = {"limit": _PLAIN, "limit_value": plain_execute_us}
                report.figure(f"Redis CPU of a claim and settle, {size:,} queued", life.execute_us, "us", **beside)
                report.figure(f"of a life: time inside scripts, {size:,} queued", life.script_us, "us")
                report.figure(f"Redis CPU of a task's life, {size:,} queued", life.total_us, "us", at_most=15)
            server.client.config_set("appendonly", "no")
            life = await _live(server, store, queue, probes)
            report.figure(f"the same without the append-only file, {there:,} queued", life.total_us, "us")
    curves = {"create": created, "claim and settle": executed}
    report.plot("scale", "Redis CPU of a task", ("tasks queued", "us"), curves, log_x=True)


async def _live(server: Server, store: Store, queue: QueueName, tasks: int) -> _Life:
    """What so many more tasks cost from their creation to their end."""
    before = RedisCost.now(server)
    await fill(store, queue, Filling(_URL, _BODY, schedule_us=[None] * tasks))
    between = RedisCost.now(server)
    await _execute(store, store.backend.keys.partition_of(queue), tasks)
    after = RedisCost.now(server)
    return _Life(
        between.since(before).cpu_us / tasks,
        after.since(between).cpu_us / tasks,
        after.since(before).script_us / tasks,
    )


async def _execute(store: Store, partition: int, tasks: int) -> None:
    """Claim and settle so many, one batch after the other."""
    done, number = 0, await store.time_us()
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


def _results(tasks: Sequence[ClaimedTask]) -> list[Result]:
    return [Result(task.key, Outcome.DONE, 200) for task in tasks]
