"""First attempts, which are not written into records as long as nothing but success can come of them."""

import pytest

from broker.model.task import Attempt, View
from broker.store.attempts import Settled
from tests.support.seeds import (
    LEASE_US,
    SECOND,
    START_US,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import partition_values

FIRST = Attempt(START_US)


async def written(store, task_id="t"):
    """How many dispatches the record itself tells of."""
    return (await partition_values(store))[f"1:t:{task_id}"]["dispatches"]


async def lose_leases(clock, dispatcher):
    """Let leases end while the dispatchers are heard; the time then."""
    for _ in range(3):
        clock.advance(10)
        await dispatcher.renew()
    return clock.advance(1)


async def test_every_reader_sees_the_attempt_that_no_record_tells(store, clock, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    now = clock.advance(2)
    await dispatcher.claim()
    assert [await written(store, task_id) for task_id in "ab"] == [0, 0]
    page, _ = await store.tasks.page(queue_name(), View.FULL, page_size=10, token="")
    for task in [await read_task(store, "a"), *page, *await store.tasks.earliest(queue_name(), 2)]:
        assert (task.dispatch_count, task.first_attempt) == (1, Attempt(now))
        assert task.last_attempt == Attempt(now, START_US)


async def test_a_task_that_waits_has_none(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.release(await dispatcher.claim_one())
    clock.advance(1)
    assert (await read_task(store)).first_attempt is None
    await dispatcher.release(await dispatcher.claim_one())
    assert (await read_task(store)).first_attempt is None, "its time is not that of its schedule any more"


async def test_where_the_fence_is_not_the_time_it_is_written(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, "a")
    await dispatcher.claim_one()
    now = clock.advance(-1)
    await seed_task(store, "b")
    assert (await dispatcher.claim_one()).key.fence == START_US + 1
    assert [await written(store, task_id) for task_id in "ab"] == [0, 1]
    assert (await read_task(store, "b")).last_attempt == Attempt(now, now)


async def test_one_whose_lease_outlives_the_task_is_written(store, dispatcher):
    await seed_queue(store, task_ttl_us=LEASE_US)
    await seed_task(store)
    task = await dispatcher.claim_one()
    assert await written(store) == 1
    assert await dispatcher.settle(task) == [Settled.DONE]


async def test_renewed_it_is_written(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    clock.advance(9)
    await dispatcher.renew(task)
    assert await written(store) == 1
    assert (await read_task(store)).first_attempt == FIRST
    await dispatcher.release(task)
    assert (await read_task(store)).first_attempt is None


async def test_lost_it_is_remembered(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.claim_one()
    now = await lose_leases(clock, dispatcher)
    await dispatcher.claim_one()
    seen = await read_task(store)
    assert (seen.dispatch_count, seen.first_attempt) == (2, FIRST)
    assert seen.last_attempt == Attempt(now, START_US)


async def test_held_back_it_is_remembered(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    clock.advance(40)
    assert (await dispatcher.claim()).tasks == []
    assert (await read_task(store)).first_attempt == FIRST
    assert await dispatcher.settle(task) == [Settled.DONE]


async def test_what_a_hold_finds_released_is_handed_out(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.release(await dispatcher.claim_one())
    clock.advance(40)
    assert task_ids(await dispatcher.claim()) == ["t"]


async def test_a_forced_attempt_beside_it_counts_both(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    first = await dispatcher.claim_one()
    now = clock.advance(1)
    seen = await store.tasks.run(queue_name().task("t"), View.BASIC)
    assert (seen.dispatch_count, seen.first_attempt, seen.last_attempt.dispatch_us) == (2, FIRST, now)
    assert await dispatcher.fail(first) == [Settled.COUNTED]


async def test_lost_behind_many_others_it_is_remembered(store, clock, dispatcher):
    await seed_queue(store, rate=10_000, burst=2_000, concurrency=10_000)
    others = [f"other{number}" for number in range(1000)]
    await seed_tasks(store, *others, named=False)
    await dispatcher.claim(1000)
    await store.tasks.delete_many(queue_name(), others)
    await seed_task(store)
    clock.advance(1)
    await dispatcher.claim_one()
    await lose_leases(clock, dispatcher)
    while not (claim := await dispatcher.claim()).tasks:
        assert claim.delay_us == 0
        clock.advance(1e-6)
    assert (await read_task(store)).dispatch_count == 2


async def test_a_claim_remembers_at_most_a_thousand(store, clock, dispatcher):
    await seed_queue(store, rate=10_000, burst=2_000, concurrency=10_000)
    await seed_tasks(store, *[f"t{number}" for number in range(1001)])
    await dispatcher.claim(1000)
    clock.advance(1)
    await dispatcher.claim_one()
    await lose_leases(clock, dispatcher)
    for remembered in (1000, 1001):
        await dispatcher.claim(1)
        records = [value for key, value in (await partition_values(store)).items() if key.startswith("1:t:")]
        assert sum(record["dispatches"] > 0 for record in records) == remembered
        clock.advance(1e-6)


async def test_without_names_success_leaves_no_trace(store, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b", named=False)
    assert await dispatcher.drain() == ["a", "b"]
    assert not [key for key in await partition_values(store) if key.startswith("1:") and key[2:] not in ("s",)]


@pytest.mark.parametrize("in_s", [0, 60])
async def test_the_success_of_an_earlier_task_of_the_same_id_changes_nothing(store, dispatcher, in_s):
    """An id that no user gave comes again when a batch is repeated."""
    await seed_queue(store)
    await seed_task(store, named=False)
    task = await dispatcher.claim_one()
    await store.tasks.delete(queue_name().task("t"))
    await seed_task(store, named=False, schedule_us=START_US + in_s * SECOND)
    assert await dispatcher.settle(task) == [Settled.GONE]
    assert (await read_task(store)).dispatch_count == 0


async def test_nor_does_it_if_both_tasks_leases_end_together(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, named=False)
    earlier = await dispatcher.claim_one()
    await store.tasks.delete(queue_name().task("t"))
    await seed_task(store, named=False)
    clock.advance(1)
    later = await dispatcher.claim_one()
    assert await dispatcher.renew(earlier, later) == [True, True]
    assert await dispatcher.settle(earlier) == [Settled.GONE]
    assert await dispatcher.settle(later) == [Settled.DONE]


async def test_said_twice_in_a_batch_the_second_is_stale(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, named=False)
    task = await dispatcher.claim_one()
    assert await dispatcher.settle(task, task) == [Settled.DONE, Settled.STALE]


async def test_after_a_purge_it_is_gone(store, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b", named=False)
    tasks = (await dispatcher.claim()).tasks
    await store.queues.purge(queue_name())
    assert await dispatcher.settle(*tasks) == [Settled.GONE] * 2


async def test_a_name_given_later_is_kept(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, "unnamed", named=False)
    first = await dispatcher.claim_one()
    await seed_task(store, "named")
    assert await dispatcher.settle(first, *(await dispatcher.claim()).tasks) == [Settled.DONE] * 2
    values = await partition_values(store)
    assert "1:t:named" in values
    assert "1:t:unnamed" not in values
