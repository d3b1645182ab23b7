"""Whose result counts. A fence belongs to one attempt for ever, through delete, purge and re-creation."""

import pytest

from broker.model.retry import RetryConfig
from broker.store.attempts import Outcome, Settled
from tests.support.seeds import (
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    Dispatcher,
    a_queue,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import changes, partition_values

NAME = queue_name().task("t")


async def lose_lease(clock, dispatcher):
    """Let every lease end while some dispatcher is at work."""
    for _ in range(6):
        clock.advance(5)
        await dispatcher.claim(0)
    clock.advance(0.000_001)


async def test_a_late_result_after_delete_and_recreation_changes_nothing(store, dispatcher):
    await seed_queue(store, tombstone_ttl_us=0)
    await seed_task(store, body=b"old")
    old = await dispatcher.claim_one()
    await store.tasks.delete(NAME)
    await seed_task(store, body=b"new")
    for settle in (dispatcher.settle, dispatcher.fail):
        before = await partition_values(store)
        assert await settle(old) in ([Settled.GONE], [Settled.STALE])
        changed = changes(before, await partition_values(store))
        assert set(changed) <= {f"1:l/t:{old.key.fence}"}
    assert (await read_task(store)).request.body == b"new"
    new = await dispatcher.claim_one()
    assert new.key.fence > old.key.fence
    assert await dispatcher.renew(old) == [False]
    assert await dispatcher.settle(old) == [Settled.STALE]
    assert await dispatcher.settle(new) == [Settled.DONE]


async def test_a_running_attempt_of_a_deleted_task_keeps_its_slot_until_it_ends(store, clock, dispatcher):
    await seed_queue(store, concurrency=1)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await store.tasks.delete(NAME)
    await seed_task(store, "next")
    for _ in range(4):
        clock.advance(9)
        assert await dispatcher.renew(task) == [True]
        assert (await dispatcher.claim()).tasks == []
    assert await dispatcher.settle(task) == [Settled.GONE]
    assert await dispatcher.drain() == ["next"]


async def test_fences_only_grow_also_at_one_moment_and_through_recreation(store, clock, dispatcher):
    await seed_queue(store, tombstone_ttl_us=0)
    fences = []
    for _ in range(3):
        await seed_task(store)
        fences.append((await dispatcher.claim_one()).key.fence)
        await store.tasks.delete(NAME)
    await store.queues.purge(queue_name())
    await seed_task(store)
    clock.advance(-3600)
    clock.advance(3600)
    fences.append((await dispatcher.claim_one()).key.fence)
    await store.queues.delete(queue_name(), tombstone_us=0)
    await seed_queue(store)
    await seed_task(store)
    fences.append((await dispatcher.claim_one()).key.fence)
    assert fences == sorted(set(fences))


async def test_fences_are_not_behind_the_clock(store, clock, dispatcher, redis_client):
    await seed_queue(store)
    await seed_task(store)
    redis_client.hdel("{hr:0}:seq", "fence")
    assert (await dispatcher.claim_one()).key.fence == clock.now_us


async def test_a_late_result_counts_while_nobody_has_claimed_the_task_since(store, clock, dispatcher):
    await seed_queue(store, concurrency=1)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await lose_lease(clock, dispatcher)
    assert await dispatcher.settle(task) == [Settled.DONE]


async def test_a_late_renewal_succeeds_while_nobody_has_claimed_the_task_since(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await lose_lease(clock, dispatcher)
    assert await dispatcher.renew(task) == [True]
    values = await partition_values(store)
    assert values["1:l"] == {f"t:{task.key.fence}": clock.now_us + LEASE_US}
    assert values["1:e2"] == {"t": clock.now_us + LEASE_US}


async def test_a_late_renewal_takes_its_slot_again_if_another_claim_has_freed_it(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await seed_task(store, "earlier", schedule_us=START_US + SECOND)
    await lose_lease(clock, dispatcher)
    assert task_ids(await dispatcher.claim(1)) == ["earlier"]
    assert f"t:{task.key.fence}" not in (await partition_values(store))["1:l"]
    assert await dispatcher.renew(task) == [True]
    assert (await partition_values(store))["1:l"][f"t:{task.key.fence}"] == clock.now_us + LEASE_US


async def test_a_lost_attempt_is_stale_once_another_has_claimed_the_task(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    lost = await dispatcher.claim_one()
    await lose_lease(clock, dispatcher)
    successor = await Dispatcher(store, "other").claim_one()
    assert successor.key.fence > lost.key.fence
    before = await partition_values(store)
    assert await dispatcher.renew(lost) == [False]
    assert await dispatcher.settle(lost) == [Settled.STALE]
    assert await dispatcher.fail(lost) == [Settled.STALE]
    await dispatcher.release(lost)
    assert {path for path in changes(before, await partition_values(store)) if path != "1/refilled_us"} == set()
    assert await dispatcher.settle(successor) == [Settled.DONE]


async def test_the_stop_rule_counts_ended_attempts_not_leases(store, clock, dispatcher):
    await seed_queue(store, retry_config=RetryConfig(max_attempts=2, min_backoff_us=0))
    await seed_task(store)
    for _ in range(4):
        await dispatcher.claim_one()
        await lose_lease(clock, dispatcher)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    assert (await read_task(store)).dispatch_count == 5
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.EXHAUSTED]


async def test_release_gives_back_a_lost_attempt_so_that_its_result_still_counts(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    lost = await dispatcher.claim_one()
    await lose_lease(clock, dispatcher)
    before = await read_task(store)
    successor = await dispatcher.claim_one()
    await dispatcher.release(successor)
    assert await read_task(store) == before
    assert await dispatcher.settle(lost) == [Settled.DONE]


async def test_release_of_a_first_attempt_too_large_to_know_what_was_before(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, body=b"x" * 20_000)
    task = await dispatcher.claim_one()
    assert task.record is None
    await dispatcher.release(task)
    seen = await read_task(store)
    assert (seen.dispatch_count, seen.first_attempt, seen.last_attempt) == (0, None, None)


async def test_a_released_task_is_due_again_at_once(store, clock, dispatcher):
    await seed_queue(store, rate=0.001, burst=1, concurrency=1)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await dispatcher.release(task)
    assert (await dispatcher.claim_one()).key.task_id == "t"


async def test_a_late_release_does_not_touch_the_successor(store, clock, dispatcher):
    await seed_queue(store, tombstone_ttl_us=0)
    await seed_task(store)
    old = await dispatcher.claim_one()
    await store.tasks.delete(NAME)
    await seed_task(store)
    new = await dispatcher.claim_one()
    before = await partition_values(store)
    await dispatcher.release(old)
    changed = changes(before, await partition_values(store))
    assert set(changed) <= {f"1:l/t:{old.key.fence}", "1/tokens", "1/refilled_us"}
    assert await dispatcher.settle(new) == [Settled.DONE]


@pytest.mark.parametrize(
    ("own", "retried_after_us"),
    [(None, 7 * SECOND), (RetryConfig(min_backoff_us=3 * SECOND), 3 * SECOND)],
)
async def test_the_present_configuration_of_the_queue_decides_or_the_tasks_own(
    store, dispatcher, own, retried_after_us
):
    await seed_queue(store)
    await seed_task(store, retry_config=own)
    task = await dispatcher.claim_one()
    await store.queues.update(queue_name(), lambda _: a_queue(retry_config=RetryConfig(min_backoff_us=7 * SECOND)))
    await dispatcher.fail(task)
    assert (await read_task(store)).schedule_us == START_US + retried_after_us


async def test_the_own_limit_of_attempts(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, retry_config=RetryConfig(max_attempts=1))
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.EXHAUSTED]


async def test_the_limit_of_time_counts_from_the_first_attempt(store, clock, dispatcher):
    limits = RetryConfig(max_attempts=-1, max_retry_duration_us=60 * SECOND, min_backoff_us=0)
    await seed_queue(store, retry_config=limits)
    await seed_task(store, schedule_us=START_US + HOUR)
    clock.advance(3600)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    clock.advance(59)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    clock.advance(1)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.EXHAUSTED]


@pytest.mark.parametrize(
    ("wish_us", "longest_us", "waited_us"),
    [
        (0, 2 * HOUR, SECOND),
        (SECOND // 2, 2 * HOUR, SECOND),
        (90 * SECOND, 2 * HOUR, 90 * SECOND),
        (90 * SECOND, 60 * SECOND, 60 * SECOND),
        (5 * HOUR, 2 * HOUR, HOUR),
    ],
)
async def test_a_target_can_ask_for_a_wait_up_to_the_longest_back_off_and_an_hour(
    store, dispatcher, wish_us, longest_us, waited_us
):
    await seed_queue(store, retry_config=RetryConfig(min_backoff_us=SECOND, max_backoff_us=longest_us))
    await seed_task(store)
    task = await dispatcher.claim_one()
    await dispatcher.settle(task, outcome=Outcome.ANSWERED, status=503, retry_after_us=wish_us)
    assert (await read_task(store)).schedule_us == START_US + waited_us


async def test_a_batch_settles_tasks_of_several_queues_in_order(store, dispatcher):
    for queue_id in ("a", "b"):
        await seed_queue(store, queue_id)
        await seed_tasks(store, "1", "2", queue_id=queue_id)
    attempts = (await dispatcher.claim()).tasks
    await store.queues.delete(queue_name("b"), tombstone_us=0)
    by_queue = {task.key.queue_id: Settled.DONE if task.key.queue_id == "1" else Settled.GONE for task in attempts}
    assert await dispatcher.settle(*attempts) == [by_queue[task.key.queue_id] for task in attempts]
    while await store.upkeep.sweep(0):
        pass
