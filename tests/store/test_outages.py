"""After the store was away: what live dispatchers hold is not handed out before they had time to renew and settle."""

from broker.store.attempts import Settled
from tests.support.seeds import (
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    Dispatcher,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import partition_values

HOLD_S = 10


async def hold_some(store, clock, dispatcher, *task_ids, gap_s):
    """Claim tasks, then let the store be away for a while."""
    await seed_tasks(store, *task_ids)
    tasks = (await dispatcher.claim()).tasks
    clock.advance(gap_s)
    return tasks


async def test_expired_leases_are_held_back_after_a_gap(store, clock, dispatcher):
    await seed_queue(store)
    renewed, settled, dead = await hold_some(store, clock, dispatcher, "a", "b", "c", gap_s=40)
    other = Dispatcher(store, "other")
    claim = await other.claim()
    assert (claim.tasks, claim.delay_us) == ([], HOLD_S * SECOND)
    clock.advance(HOLD_S - 1)
    assert (await other.claim()).tasks == []
    assert await dispatcher.renew(renewed) == [True]
    assert await dispatcher.settle(settled) == [Settled.DONE]
    clock.advance(1)
    assert [task.key.task_id for task in (await other.claim()).tasks] == [dead.key.task_id]


async def test_a_renewal_that_comes_first_begins_the_hold_too(store, clock, dispatcher):
    await seed_queue(store)
    first, _ = await hold_some(store, clock, dispatcher, "a", "b", gap_s=40)
    assert await dispatcher.renew(first) == [True]
    clock.advance(HOLD_S - 1)
    assert (await Dispatcher(store, "other").claim()).tasks == []
    clock.advance(1)
    assert task_ids(await Dispatcher(store, "other").claim()) == ["b"]


async def test_what_nobody_had_claimed_is_handed_out_during_the_hold(store, clock, dispatcher):
    await seed_queue(store)
    await hold_some(store, clock, dispatcher, "held", gap_s=40)
    await seed_task(store, "fresh")
    assert task_ids(await dispatcher.claim()) == ["fresh"]


async def test_slots_of_expired_leases_stay_taken_during_the_hold(store, clock, dispatcher):
    await seed_queue(store, concurrency=2)
    await hold_some(store, clock, dispatcher, "a", "b", gap_s=40)
    await seed_task(store, "fresh")
    claim = await dispatcher.claim()
    assert (claim.tasks, claim.delay_us) == ([], HOLD_S * SECOND)
    clock.advance(HOLD_S)
    assert sorted(task_ids(await dispatcher.claim())) == ["a", "b"]


async def test_without_a_gap_an_expired_lease_is_handed_out_at_once(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.claim_one()
    for _ in range(3):
        clock.advance(HOLD_S)
        claim = await Dispatcher(store, "other").claim()
    assert task_ids(claim) == ["t"]


async def test_who_comes_every_sixth_of_a_lease_gets_what_is_lost_when_the_hold_ends(store, clock):
    """A dispatcher must come this often, whatever delay it is told: coming later would begin the next hold."""
    lonely = Dispatcher(store, lease_us=6 * SECOND)
    await seed_queue(store)
    await seed_task(store)
    await lonely.claim_one()
    clock.advance(60)
    claims = [await lonely.claim()]
    while not claims[-1].tasks:
        clock.advance(1)
        claims.append(await lonely.claim())
    assert len(claims) == 3


async def test_a_held_task_does_not_outlive_its_expiry(store, clock, dispatcher):
    await seed_queue(store, task_ttl_us=45 * SECOND)
    await hold_some(store, clock, dispatcher, "a", gap_s=40)
    await dispatcher.claim()
    assert (await partition_values(store))["1:e2"] == {"a": START_US + 45 * SECOND}
    clock.advance(5)
    assert (await dispatcher.claim()).dropped == 1


async def test_the_first_claim_of_a_new_store_holds_nothing(store, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    assert task_ids(await dispatcher.claim()) == ["t"]
    assert (await partition_values(store))["seq"]["hold_us"] == 0


async def test_a_clock_that_steps_back_does_not_block_a_bucket(store, clock, dispatcher):
    await seed_queue(store, rate=10, burst=1)
    await seed_tasks(store, "a", "b", schedule_us=START_US - 2 * HOUR)
    clock.advance(-3600)
    await seed_tasks(store, "c", "d")
    clock.advance(3600)
    await dispatcher.claim(1)
    clock.advance(-3600)
    await store.upkeep.refresh(0, "")
    claim = await dispatcher.claim()
    assert claim.delay_us <= SECOND // 10
    clock.now_us += claim.delay_us
    assert len((await dispatcher.claim()).tasks) == 1
    clock.advance(3600)
    await store.upkeep.refresh(0, "")


async def test_a_clock_that_steps_back_does_not_keep_a_hold(store, clock, dispatcher):
    await seed_queue(store)
    await hold_some(store, clock, dispatcher, "a", gap_s=40)
    await dispatcher.claim()
    clock.advance(-3600)
    await dispatcher.claim()
    assert (await partition_values(store))["seq"]["hold_us"] == 0
    clock.advance(3600)
    await dispatcher.claim()


async def test_a_renewal_after_the_clock_stepped_back_ends_a_lease_from_now(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    clock.advance(-3600)
    assert await dispatcher.renew(task) == [True]
    values = await partition_values(store)
    assert values["1:e2"] == {"t": clock.now_us + LEASE_US}
    assert values["1:l"] == {f"t:{task.key.fence}": clock.now_us + LEASE_US}
    await store.upkeep.refresh(0, "")
