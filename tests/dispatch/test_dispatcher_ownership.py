"""Partitions are shared among the dispatchers that live."""

import asyncio

from tests.support.waiting import eventually_async
from worker.ownership import Ownership

PARTITIONS = 64


async def beat_until(ownership, holds):
    """Let it beat until something holds of it."""

    async def look():
        return await holds()

    running = asyncio.create_task(ownership.run())
    await eventually_async(look)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_before_the_first_beat_a_dispatcher_owns_all():
    ownership = Ownership(None, "me", PARTITIONS)
    assert len(ownership.owned) == PARTITIONS
    assert ownership.owns(0)


async def test_two_share_all_and_one_inherits(store):
    first, second = (Ownership(store.nodes, name, PARTITIONS) for name in ("first", "second"))

    async def first_is_known():
        return "first" in await store.nodes.beat("nobody", silence_us=10_000_000, alive=False)

    async def first_shares():
        return len(first.owned) < PARTITIONS

    async def second_shares():
        return len(second.owned) < PARTITIONS

    async def second_owns_all():
        return len(second.owned) == PARTITIONS

    await beat_until(first, first_is_known)
    await beat_until(second, second_shares)
    await beat_until(first, first_shares)
    assert sorted([*first.owned, *second.owned]) == list(range(PARTITIONS))
    await first.leave()
    await beat_until(second, second_owns_all)
