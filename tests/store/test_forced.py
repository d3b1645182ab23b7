"""RunTask: an attempt now, whatever the queue's state, tokens and slots say, and even beside a running one."""

from broker.model.queue import QueueState
from broker.model.retry import RetryConfig
from broker.model.task import View
from broker.store.attempts import Settled
from tests.support.seeds import (
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    claimed_header,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    task_ids,
)
from tests.support.snapshot import changes, partition_values

NAME = queue_name().task("t")


async def force(store, name=NAME):
    return await store.tasks.run(name, View.BASIC)


async def test_it_takes_a_slot_and_no_token(store, dispatcher):
    await seed_queue(store, rate=1, burst=1)
    await seed_task(store, schedule_us=START_US + HOUR)
    await force(store)
    claim = await dispatcher.claim()
    values = await partition_values(store)
    assert task_ids(claim) == ["t"]
    assert values["1"]["tokens"] == 1
    assert values["1:l"] == {f"t:{claim.tasks[0].key.fence}": START_US + LEASE_US}
    assert values["1:e2"] == {"t": START_US + LEASE_US}
    assert "run" not in values


async def test_state_tokens_and_slots_do_not_matter(store, dispatcher):
    await seed_queue(store, rate=0.001, burst=1, concurrency=1)
    await seed_task(store, "running")
    await dispatcher.claim_one()
    await store.queues.set_state(queue_name(), QueueState.PAUSED)
    await seed_task(store)
    await force(store)
    assert task_ids(await dispatcher.claim()) == ["t"]


async def test_a_claim_serves_forced_attempts_first(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, "due")
    await seed_task(store, schedule_us=START_US + HOUR)
    await force(store)
    claim = await dispatcher.claim(1)
    assert (task_ids(claim), claim.delay_us) == (["t"], 0)
    assert task_ids(await dispatcher.claim(1)) == ["due"]


async def test_more_forced_attempts_than_credit_wait_for_the_next_claim(store, dispatcher):
    await seed_queue(store)
    for task_id in ("t", "u"):
        await seed_task(store, task_id, schedule_us=START_US + HOUR)
        await force(store, queue_name().task(task_id))
    claim = await dispatcher.claim(1)
    assert (task_ids(claim), claim.delay_us) == (["t"], 0)
    assert task_ids(await dispatcher.claim(1)) == ["u"]


async def test_the_attempt_carries_the_bookkeeping_that_the_caller_saw(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    answered = await force(store)
    clock.advance(2)
    task = await dispatcher.claim_one()
    header = claimed_header(task)
    assert (header.fence, header.dispatches) == (task.key.fence, 1)
    assert header.last_dispatch_us == answered.last_attempt.dispatch_us == START_US


async def test_not_picked_up_within_a_lease_it_is_forgotten_and_the_schedule_is_as_it_was(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + 35 * SECOND)
    await force(store)
    before = await partition_values(store)
    clock.advance(30.000_001)
    claim = await dispatcher.claim()
    changed = changes(before, await partition_values(store))
    assert claim.tasks == []
    assert {path for path in changed if not path.startswith("seq/")} == {f"run/1:{START_US}:t"}
    clock.advance(5)
    assert task_ids(await dispatcher.claim()) == ["t"]


async def test_at_the_last_moment_of_a_lease_it_is_still_picked_up(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + HOUR)
    await force(store)
    clock.advance(30)
    assert task_ids(await dispatcher.claim()) == ["t"]


async def test_a_failure_counts_and_backs_off_from_the_moment_it_was_asked_for(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + HOUR)
    await force(store)
    clock.advance(0.25)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    task = await read_task(store)
    assert (task.dispatch_count, task.response_count) == (1, 1)
    assert task.schedule_us == START_US + SECOND


async def test_beside_a_running_attempt_success_of_either_deletes_the_task(store, dispatcher):
    await seed_queue(store)
    for winner in (0, 1):
        name = queue_name().task(f"t{winner}")
        await seed_task(store, name.task_id)
        running = await dispatcher.claim_one()
        await force(store, name)
        forced = await dispatcher.claim_one()
        attempts = [running, forced]
        assert running.key != forced.key
        assert await dispatcher.settle(attempts.pop(winner)) == [Settled.DONE]
        assert await read_task(store, name.task_id) is None
        assert await dispatcher.settle(*attempts) == [Settled.GONE]


async def test_a_failure_beside_it_is_counted_and_decides_nothing(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    running = await dispatcher.claim_one()
    await force(store)
    forced = await dispatcher.claim_one()
    before = await partition_values(store)
    assert await dispatcher.fail(running) == [Settled.COUNTED]
    assert changes(before, await partition_values(store)) == {
        f"1:l/t:{running.key.fence}": None,
        "1:t:t/ended": 1,
        "1:t:t/responses": 1,
    }
    assert await dispatcher.fail(running) == [Settled.STALE]
    assert await dispatcher.fail(forced) == [Settled.RETRY]
    assert (await read_task(store)).response_count == 2


async def test_both_run_on_while_either_is_renewed(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    running = await dispatcher.claim_one()
    await force(store)
    forced = await dispatcher.claim_one()
    for _ in range(4):
        clock.advance(9)
        assert await dispatcher.renew(running) == [True]
        assert (await dispatcher.claim()).tasks == []
    assert (await partition_values(store))["1:e2"] == {"t": clock.now_us + LEASE_US}
    assert await dispatcher.fail(forced) == [Settled.RETRY], "nobody has claimed the task since"


async def test_beside_one_that_nobody_picked_up_a_renewal_leaves_the_schedule(store, clock, dispatcher):
    await seed_queue(store, retry_config=RetryConfig(min_backoff_us=HOUR))
    await seed_task(store)
    running = await dispatcher.claim_one()
    await force(store)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    clock.advance(1)
    await force(store)
    assert await dispatcher.renew(running) == [True]
    assert (await partition_values(store))["1:e2"] == {"t": START_US + HOUR}


async def test_a_release_beside_it_leaves_its_bookkeeping(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    running = await dispatcher.claim_one()
    clock.advance(1)
    await force(store)
    before = await partition_values(store)
    await dispatcher.release(running)
    after = await partition_values(store)
    assert after["1:t:t"] == before["1:t:t"]
    assert await dispatcher.settle(await dispatcher.claim_one()) == [Settled.DONE]


async def test_after_one_that_was_forgotten_the_next_attempt_is_an_ordinary_one(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + 35 * SECOND)
    await force(store)
    clock.advance(31)
    assert (await dispatcher.claim()).tasks == []
    clock.advance(5)
    await dispatcher.release(await dispatcher.claim_one())
    values = await partition_values(store)
    assert "run" not in values
    assert values["1:e2"] == {"t": clock.now_us}


async def test_released_it_waits_for_the_next_claim(store, clock, dispatcher):
    await seed_queue(store, rate=1, burst=1)
    await seed_task(store, schedule_us=START_US + HOUR)
    await force(store)
    first = await dispatcher.claim_one()
    await dispatcher.release(first)
    values = await partition_values(store)
    assert values["1"]["tokens"] == 1
    assert "1:l" not in values
    second = await dispatcher.claim_one()
    assert second.key == first.key
    assert claimed_header(second).dispatches == 1


async def test_released_and_settled_all_the_same_it_is_not_made_again(store, clock, dispatcher):
    await seed_queue(store, retry_config=RetryConfig(min_backoff_us=HOUR))
    await seed_task(store)
    await force(store)
    forced = await dispatcher.claim_one()
    await dispatcher.release(forced)
    assert await dispatcher.fail(forced) == [Settled.RETRY]
    assert (await dispatcher.claim()).tasks == []
    assert (await partition_values(store))["1:e2"] == {"t": clock.now_us + HOUR}


async def test_a_task_that_is_gone_or_replaced_is_not_run(store, dispatcher):
    await seed_queue(store, tombstone_ttl_us=0)
    for way in (lambda: store.tasks.delete(NAME), lambda: store.queues.purge(queue_name())):
        await seed_task(store, body=b"old")
        await force(store)
        await way()
        await seed_task(store, body=b"new", schedule_us=START_US + HOUR)
        assert (await dispatcher.claim()).tasks == []
        await store.tasks.delete(NAME)
    await store.upkeep.sweep(0)


async def test_a_forced_attempt_of_a_deleted_queue_is_forgotten(store, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await force(store)
    await store.queues.delete(queue_name(), tombstone_us=0)
    assert (await dispatcher.claim()).tasks == []
    assert "run" not in await partition_values(store)
    await store.upkeep.sweep(0)
