"""Idle: what an API node, a dispatcher and Redis do while nothing is to be done, with few and with many queues."""

import asyncio

from tests.bench.filling import add_queue, opened
from tests.bench.machine import cpu_s
from tests.bench.nodes import api, dispatchers, redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report

_AT_ONCE = 50


async def measure(
    report: Report, *, queues: tuple[int, ...] = (10, 10_000), seconds: float = 15, settles_s: float = 3
) -> None:
    """Queues without tasks, created before the nodes start."""
    for count in queues:
        with redis() as server:
            async with opened(server.url) as store:
                numbers = iter(range(count))

                async def create(store=store, numbers=numbers) -> None:
                    for number in numbers:
                        await add_queue(store, f"idle-{number}")

                await asyncio.gather(*(create() for _ in range(_AT_ONCE)))
            with api(server.url) as node, dispatchers(server.url) as (dispatcher,):
                await asyncio.sleep(settles_s)
                pids = {"API node": node.pid, "dispatcher": dispatcher.pid, "Redis": server.process.pid}
                spent, used = RedisCost.now(server), {name: cpu_s(pid) for name, pid in pids.items()}
                await asyncio.sleep(seconds)
                spent = RedisCost.now(server).since(spent)
                shares = {name: (cpu_s(pid) - used[name]) / seconds * 100 for name, pid in pids.items()}
        report.figure(f"commands with {count:,} idle queues", spent.commands / seconds, "commands/s")
        for name, share in shares.items():
            report.figure(f"CPU of the {name} with {count:,} idle queues", share, "% of a core")
        budget = {"at_most": 1.0} if count == max(queues) else {}
        report.figure(f"CPU of all with {count:,} idle queues", sum(shares.values()), "% of a core", **budget)
