"""Claim, settle, renew, release: one operation on a seeded store, then everything that it changed, and nothing else."""

import pytest

from broker.model.retry import RetryConfig
from broker.model.task import Attempt, View
from broker.store.attempts import Outcome, Settled
from broker.store.record import LEASED, NAMED
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
    seed_tasks,
)
from tests.support.snapshot import Tombstone, changes, partition_values

FIRST_ATTEMPT = {
    "1:t:t/dispatches": 1,
    "1:t:t/fence": START_US,
    "1:t:t/first_dispatch_us": START_US,
    "1:t:t/last_dispatch_us": START_US,
    "1:t:t/last_schedule_us": START_US,
}
"""What is written down of a first attempt once it is no longer sure to be known by its lease alone."""


async def test_claim_takes_lease_slot_and_token_together(store, clock, dispatcher):
    await seed_queue(store, burst=10)
    await seed_task(store, schedule_us=START_US + SECOND)
    before = await partition_values(store)
    now = clock.advance(3)
    claim = await dispatcher.claim()
    (task,) = claim.tasks
    assert (claim.now_us, claim.delay_us, claim.dropped) == (now, LEASE_US, 0)
    assert (task.key.queue_id, task.key.task_id, task.key.fence, task.config_version) == ("1", "t", now, 1)
    assert claimed_header(task).dispatches == 0
    after = await partition_values(store)
    assert after.pop("claim:me")["claim"] == 1
    assert changes(before, after) == {
        "seq/fence": now,
        "seq/served_us": now,
        "seq/hold_us": 0,
        "1/tokens": 9,
        "1/refilled_us": now,
        "1:e2/t": now + LEASE_US,
        f"1:l/t:{now}": now + LEASE_US,
        "due/1": now + LEASE_US,
    }


async def test_a_later_claim_also_writes_the_attempt_down(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.fail(await dispatcher.claim_one())
    clock.advance(1)
    before = await partition_values(store)
    now = clock.advance(3)
    await dispatcher.claim_one()
    changed = changes(before, await partition_values(store))
    assert {path: value for path, value in changed.items() if path.startswith("1:t:")} == {
        "1:t:t/fence": now,
        "1:t:t/flags": NAMED | LEASED,
        "1:t:t/dispatches": 2,
        "1:t:t/last_dispatch_us": now,
        "1:t:t/last_schedule_us": START_US + SECOND,
        "1:t:t/last_response_us": 0,
    }


async def test_a_claim_that_finds_nothing_notes_that_it_was_there(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + HOUR)
    before = await partition_values(store)
    claim = await dispatcher.claim()
    assert (claim.tasks, claim.delay_us) == ([], HOUR)
    assert changes(before, await partition_values(store)) == {"seq/served_us": START_US, "seq/hold_us": 0}


async def test_a_claim_in_an_empty_partition_waits_to_be_woken(dispatcher):
    claim = await dispatcher.claim()
    assert (claim.tasks, claim.delay_us, claim.dropped) == ([], None, 0)


async def test_success_deletes_the_task_and_gives_back_its_slot(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    before = await partition_values(store)
    now = clock.advance(1)
    assert await dispatcher.settle(task) == [Settled.DONE]
    after = await partition_values(store)
    assert after.pop("1:t:t") == Tombstone(now + HOUR)
    del before["1:t:t"]
    assert changes(before, after) == {"1:e2/t": None, f"1:l/t:{START_US}": None, "due/1": None}


@pytest.mark.parametrize(
    ("outcome", "status", "responses", "answers"),
    [
        (Outcome.ANSWERED, 404, 1, 1),
        (Outcome.ANSWERED, 503, 1, 0),
        (Outcome.UNANSWERED, 504, 0, 0),
        (Outcome.UNANSWERED, 0, 0, 0),
    ],
)
async def test_failure_counts_the_attempt_and_reschedules_the_task(
    store, clock, dispatcher, outcome, status, responses, answers
):
    await seed_queue(store, retry_config=RetryConfig(min_backoff_us=7 * SECOND))
    await seed_task(store)
    task = await dispatcher.claim_one()
    before = await partition_values(store)
    now = clock.advance(2)
    assert await dispatcher.settle(task, outcome=outcome, status=status) == [Settled.RETRY]
    counts = {"responses": responses, "answers": answers, "last_status": status}
    assert changes(before, await partition_values(store)) == {
        "1:e2/t": now + 7 * SECOND,
        f"1:l/t:{START_US}": None,
        "due/1": now + 7 * SECOND,
        "1:t:t/ended": 1,
        "1:t:t/schedule_us": now + 7 * SECOND,
        "1:t:t/last_response_us": now,
        **FIRST_ATTEMPT,
        **{f"1:t:t/{name}": value for name, value in counts.items() if value},
    }
    seen = await read_task(store)
    assert (seen.dispatch_count, seen.response_count) == (1, responses)
    assert seen.last_attempt == Attempt(START_US, START_US, now, status)


async def test_the_last_failure_gives_the_task_up(store, clock, dispatcher):
    await seed_queue(store, retry_config=RetryConfig(max_attempts=2, min_backoff_us=SECOND))
    await seed_task(store)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.RETRY]
    clock.advance(1)
    assert await dispatcher.fail(await dispatcher.claim_one()) == [Settled.EXHAUSTED]
    values = await partition_values(store)
    assert values["1:t:t"] == Tombstone(clock.now_us + HOUR)
    assert not {"1:e2", "1:l", "due"} & values.keys()


async def test_settling_again_is_stale_and_changes_nothing(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store, "done")
    await seed_task(store, "failed")
    done, failed = (await dispatcher.claim()).tasks
    await dispatcher.settle(done)
    await dispatcher.fail(failed)
    before = await partition_values(store)
    clock.advance(1)
    assert await dispatcher.settle(done) == [Settled.STALE]
    assert await dispatcher.fail(failed) == [Settled.STALE]
    assert await dispatcher.settle(failed) == [Settled.STALE]
    assert changes(before, await partition_values(store)) == {}


async def test_renew_moves_lease_and_task_to_the_new_end(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    before = await partition_values(store)
    now = clock.advance(9)
    assert await dispatcher.renew(task) == [True]
    assert changes(before, await partition_values(store)) == {
        "seq/served_us": now,
        "due/1": now + LEASE_US,
        "1:e2/t": now + LEASE_US,
        f"1:l/t:{START_US}": now + LEASE_US,
        "1:t:t/flags": NAMED | LEASED,
        **FIRST_ATTEMPT,
    }


async def test_renew_of_what_is_not_held_changes_nothing(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    await dispatcher.fail(task)
    before = await partition_values(store)
    assert await dispatcher.renew(task) == [False]
    assert changes(before, await partition_values(store)) == {}


async def test_release_puts_everything_back_as_it_was(store, clock, dispatcher):
    await seed_queue(store, burst=10)
    await seed_task(store)
    await dispatcher.fail(await dispatcher.claim_one())
    clock.advance(1)
    before = await partition_values(store)
    task = await dispatcher.claim_one()
    await dispatcher.release(task)
    after = await partition_values(store)
    assert {path for path in changes(before, after) if not path.startswith("claim:")} == {
        "1/refilled_us",
        "1/tokens",
        "seq/fence",
        "seq/served_us",
    }
    assert after["1"]["tokens"] == 10
    assert after["1:t:t"] == before["1:t:t"]


async def test_releasing_again_gives_nothing_twice(store, clock, dispatcher):
    await seed_queue(store, burst=10, rate=1)
    await seed_task(store)
    await seed_task(store, "other")
    task, _ = (await dispatcher.claim()).tasks
    await dispatcher.release(task)
    before = await partition_values(store)
    await dispatcher.release(task)
    assert changes(before, await partition_values(store)) == {}


@pytest.mark.parametrize("elapsed_s", [0, 0.1, 0.2, 1])
async def test_a_returned_token_does_not_make_a_burst_larger(store, clock, dispatcher, elapsed_s):
    """What has flowed in since it was taken is lost: a full bucket would have run over."""
    await seed_queue(store, burst=10, rate=5)
    await seed_task(store, "a-unsent")
    unsent = await dispatcher.claim_one()
    await seed_tasks(store, *(f"t{number}" for number in range(20)))
    clock.advance(elapsed_s)
    sent = (await dispatcher.claim()).tasks
    await dispatcher.release(unsent)
    sent += (await dispatcher.claim()).tasks
    assert len(sent) == 10


@pytest.mark.parametrize("named_by_user", [True, False])
async def test_one_batch_may_hold_an_attempt_twice_and_two_attempts_of_a_task(store, dispatcher, named_by_user):
    await seed_queue(store)
    await seed_task(store, named=named_by_user)
    running = await dispatcher.claim_one()
    await store.tasks.run(queue_name().task("t"), View.BASIC)
    forced = await dispatcher.claim_one()
    settled = await dispatcher.settle(forced, forced, running, running)
    assert settled == [Settled.DONE, Settled.STALE, Settled.GONE, Settled.STALE]
    values = await partition_values(store)
    assert "1:e2" not in values
    assert "1:l" not in values
