"""A dispatcher at work on what was there before: how fast, and what it and Redis spend on a task."""

import time
from dataclasses import dataclass

from tests.bench.machine import cpu_s
from tests.bench.nginx import Nginx
from tests.bench.nodes import until
from tests.bench.redis_cost import RedisCost
from tests.support.nodes import StartingNode
from tests.support.servers import Server


@dataclass(frozen=True)
class Emptied:
    """What was seen from when the clock started until the last task."""

    rate: float
    """Arrivals at the target a second."""
    dispatcher_us: float
    """CPU of the dispatcher for a task."""
    redis_us: float
    """CPU of Redis for a task: its claim and its settling."""
    batch: float
    """Tasks of a claim or settle call."""


async def emptied(
    sink: Nginx, server: Server, node: StartingNode, tasks: int, before: int, *, warm_up: float = 0.1
) -> Emptied:
    """Watch until so many tasks have arrived at the sink, beyond the `before` requests that it had seen earlier.

    The clock starts after the share `warm_up` of them: connections are open by then and the code is warm.
    """

    async def arrived(count: int) -> tuple[int, float]:
        found = 0

        async def look() -> bool:
            nonlocal found
            found = sink.arrived() - before
            return found >= count

        await until(look)
        return found, time.monotonic()

    first, begun_s = await arrived(round(tasks * warm_up))
    spent, used_s = RedisCost.now(server), cpu_s(node.pid)
    last, ended_s = await arrived(tasks)
    spent, used_s = RedisCost.now(server).since(spent), cpu_s(node.pid) - used_s
    drained = last - first
    return Emptied(
        rate=drained / (ended_s - begun_s),
        dispatcher_us=used_s * 1e6 / drained,
        redis_us=spent.cpu_us / drained,
        batch=2 * drained / spent.script_calls,
    )
