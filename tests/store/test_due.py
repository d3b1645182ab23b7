"""The due index: never late, a wake-up exactly when a queue comes before those that wait, tokens claimed in batches."""

import pytest

from broker.model.queue import QueueState
from broker.model.task import View
from tests.support.seeds import (
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    a_queue,
    queue_name,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import changes, partition_values

CHANNEL = "{hr:0}:wake"


class WakeUps:
    """What has been published on the partition's channel."""

    def __init__(self, client):
        self._client = client
        self._subscription = client.pubsub(ignore_subscribe_messages=True)
        self._subscription.ssubscribe(CHANNEL)

    def heard(self):
        """The times published since the last call, in order."""
        self._client.execute_command("SPUBLISH", CHANNEL, "end")
        heard = []
        while True:
            message = self._subscription.get_message(timeout=5)
            if message and message["data"] == b"end":
                return heard
            heard += [int(message["data"])] if message else []

    def close(self):
        self._subscription.close()


@pytest.fixture
def wake_ups(store, redis_client):
    wake_ups = WakeUps(redis_client)
    wake_ups.heard()
    yield wake_ups
    wake_ups.close()


async def test_a_wake_up_tells_when_the_smallest_due_falls_and_only_then(store, wake_ups):
    await seed_queue(store, "a")
    await seed_queue(store, "b")
    assert wake_ups.heard() == []
    await seed_task(store, "1", "a", schedule_us=START_US + 9 * SECOND)
    assert wake_ups.heard() == [START_US + 9 * SECOND]
    await seed_task(store, "2", "a", schedule_us=START_US + 9 * SECOND)
    await seed_task(store, "3", "b", schedule_us=START_US + 10 * SECOND)
    assert wake_ups.heard() == []
    await seed_task(store, "4", "b", schedule_us=START_US + 8 * SECOND)
    assert wake_ups.heard() == [START_US + 8 * SECOND]
    await store.tasks.delete(queue_name("b").task("4"))
    assert wake_ups.heard() == []
    await seed_task(store, "5", "a")
    assert wake_ups.heard() == [START_US]


async def test_what_is_due_later_is_news_behind_a_queue_that_is_due(store, dispatcher, wake_ups):
    """A dispatcher may be skipping that, and then waits for all others."""
    await seed_queue(store, "a")
    await seed_queue(store, "b")
    await seed_task(store, "1", "a")
    assert wake_ups.heard() == [START_US]
    assert (await dispatcher.claim(skip=["1"])).delay_us is None
    await seed_task(store, "2", "b", schedule_us=START_US + 9 * SECOND)
    assert wake_ups.heard() == [START_US + 9 * SECOND]
    await seed_task(store, "3", "b", schedule_us=START_US + 9 * SECOND)
    assert wake_ups.heard() == []
    await dispatcher.claim()
    assert wake_ups.heard() == [], "the claim's answer tells when queue a is due again"


async def test_what_makes_a_queue_dispatch_sooner_wakes(store, clock, dispatcher, wake_ups):
    await seed_queue(store, concurrency=1, burst=2, rate=0.01, state=QueueState.PAUSED)
    await seed_tasks(store, "a", "b", "c")
    assert wake_ups.heard() == []
    await store.queues.set_state(queue_name(), QueueState.RUNNING)
    assert wake_ups.heard() == [START_US]
    first = await dispatcher.claim_one()
    assert wake_ups.heard() == [], "the queue is full until the lease ends"
    await dispatcher.settle(first)
    assert wake_ups.heard() == [START_US], "a slot is free and a token is there"
    second = await dispatcher.claim_one()
    await dispatcher.settle(second)
    assert wake_ups.heard() == [], "no token before the lease would have ended"
    await store.queues.update(queue_name(), lambda _: a_queue(rate=10, burst=2))
    assert wake_ups.heard() == [START_US + SECOND // 10]


async def test_a_forced_attempt_and_a_release_wake(store, dispatcher, wake_ups):
    await seed_queue(store)
    await seed_task(store)
    assert wake_ups.heard() == [START_US]
    task = await dispatcher.claim_one()
    await dispatcher.release(task)
    assert wake_ups.heard() == [START_US]
    await store.tasks.run(queue_name().task("t"), View.BASIC)
    assert wake_ups.heard() == [START_US]


async def test_the_delay_of_a_claim_is_the_time_until_the_next_due(store, clock, dispatcher):
    await seed_queue(store, "a")
    await seed_queue(store, "b")
    await seed_task(store, "1", "a", schedule_us=START_US + 9 * SECOND)
    await seed_task(store, "2", "b", schedule_us=START_US + 7 * SECOND)
    assert (await dispatcher.claim()).delay_us == 7 * SECOND
    clock.advance(7)
    claim = await dispatcher.claim()
    assert (task_ids(claim), claim.delay_us) == (["2"], 2 * SECOND)


async def test_a_limited_queue_is_claimed_in_batches_of_tokens(store, clock, dispatcher):
    await seed_queue(store, rate=500, burst=20)
    await seed_tasks(store, *map(str, range(40)))
    claim = await dispatcher.claim()
    assert (len(claim.tasks), claim.delay_us) == (20, 10_000), "five tokens at 500/s take 10 ms"
    clock.advance(0.010)
    claim = await dispatcher.claim()
    assert (len(claim.tasks), claim.delay_us) == (5, 10_000)


async def test_a_batch_is_never_larger_than_the_bucket(store, clock, dispatcher):
    await seed_queue(store, rate=500, burst=2)
    await seed_tasks(store, *map(str, range(9)))
    claim = await dispatcher.claim()
    assert (len(claim.tasks), claim.delay_us) == (2, 4_000)


@pytest.mark.parametrize("rate", [0.1, 0.7, 1 / 3, 3.3])
async def test_fractional_rates(store, clock, dispatcher, rate):
    await seed_queue(store, rate=rate, burst=1)
    await seed_tasks(store, *map(str, range(20)))
    claimed = 0
    while claimed < 10:
        claim = await dispatcher.claim()
        claimed += len(claim.tasks)
        assert claim.tasks or claim.delay_us <= 1, "early by more than a rounding"
        clock.now_us += claim.delay_us or 1
    assert (clock.now_us - START_US) / SECOND * rate == pytest.approx(claimed, abs=1e-3)


async def test_the_bucket_never_gives_more_than_rate_times_time_and_burst(store, clock, dispatcher):
    await seed_queue(store, rate=100, burst=10)
    await seed_tasks(store, *map(str, range(100)))
    claimed = 0
    for _ in range(300):
        claimed += len((await dispatcher.claim()).tasks)
        clock.now_us += 1_700
        assert claimed <= 10 + 100 * (clock.now_us - START_US) / SECOND
    assert claimed == 10 + 50


async def test_an_update_keeps_what_was_earned_as_far_as_the_new_bucket_holds_it(store, clock, dispatcher):
    await seed_queue(store, rate=1, burst=10)
    await seed_tasks(store, *map(str, range(10)))
    await dispatcher.claim(4)
    await store.queues.update(queue_name(), lambda _: a_queue(rate=100, burst=50))
    assert (await partition_values(store))["1"]["tokens"] == 6
    await store.queues.update(queue_name(), lambda _: a_queue(rate=1, burst=2))
    claim = await dispatcher.claim()
    assert (len(claim.tasks), claim.delay_us) == (2, SECOND)


async def test_concurrency_is_the_number_of_running_attempts(store, clock, dispatcher):
    await seed_queue(store, concurrency=2)
    await seed_tasks(store, "a", "b", "c", "d", "e")
    first = await dispatcher.claim()
    assert (len(first.tasks), first.delay_us) == (2, LEASE_US)
    assert (await dispatcher.claim()).tasks == []
    await dispatcher.settle(first.tasks[0])
    clock.advance(1)
    await dispatcher.renew(first.tasks[1])
    second = await dispatcher.claim()
    assert (len(second.tasks), second.delay_us) == (1, LEASE_US)


async def test_a_smaller_concurrency_holds_at_once(store, dispatcher):
    await seed_queue(store, concurrency=3)
    await seed_tasks(store, "a", "b", "c", "d")
    first, second, third = (await dispatcher.claim()).tasks
    await store.queues.update(queue_name(), lambda _: a_queue(concurrency=1))
    await dispatcher.settle(first, second)
    assert (await dispatcher.claim()).tasks == []
    await dispatcher.settle(third)
    assert task_ids(await dispatcher.claim()) == ["d"]


async def test_slots_of_a_dead_dispatcher_are_free_when_its_leases_end(store, clock, dispatcher):
    await seed_queue(store, concurrency=2)
    await seed_tasks(store, "a", "b", "c")
    await dispatcher.claim()
    for _ in range(6):
        clock.advance(5)
        claim = await dispatcher.claim()
    assert sorted(task_ids(claim)) == ["a", "c"]


async def test_every_way_to_empty_a_queue_takes_it_out_of_due(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, "a")
    await store.tasks.delete(queue_name().task("a"))
    assert "due" not in await partition_values(store)
    await seed_task(store, "b")
    await dispatcher.drain()
    assert "due" not in await partition_values(store)
    await seed_task(store, "c")
    await store.queues.purge(queue_name())
    assert "due" not in await partition_values(store)


async def test_configuration_changes_reach_the_dispatcher_with_the_next_claim(store, clock, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    assert (await dispatcher.claim(1)).tasks[0].config_version == 1
    await store.queues.update(queue_name(), lambda queue: a_queue(burst=50))
    (task,) = (await dispatcher.claim(1)).tasks
    assert task.config_version == 2 == (await store.queues.find(queue_name())).version


async def test_the_janitor_repairs_due(store, clock, redis_client, dispatcher):
    await seed_queue(store, "a")
    await seed_task(store, "t", "a")
    right = await partition_values(store)
    redis_client.zadd("{hr:0}:due", {"1": START_US + HOUR})
    await store.upkeep.refresh(0, "")
    assert changes(right, await partition_values(store)) == {}


@pytest.mark.parametrize(("step", "steps"), [(1, 10), (2, 6), (3, 4), (50, 1)])
async def test_a_round_through_due_reaches_every_queue_that_is_in_it_for_later(
    store, clock, redis_client, step, steps, monkeypatch
):
    """Some are put right as due now, some as due later, and one is gone."""
    monkeypatch.setattr("broker.store.upkeep._STEP_DUE", step)
    ids = []
    for number in range(6):
        name = await seed_queue(store, f"q{number}")
        await seed_task(store, "t", f"q{number}", schedule_us=START_US + number % 2 * HOUR)
        ids.append(await store.queues.id_of(name))
    right = await partition_values(store)
    redis_client.zadd("{hr:0}:due", dict.fromkeys(ids, START_US + 2 * HOUR) | {"99": START_US + 3 * HOUR})
    passed = 0
    for _ in range(steps):
        passed = await store.upkeep.refresh_due(0, passed)
    assert changes(right, await partition_values(store)) == {}


async def test_a_round_through_due_leaves_out_idle_queues_and_those_due_already(store, clock, redis_client):
    for queue_id in ("idle", "now", "later"):
        await seed_queue(store, queue_id)
    await seed_task(store, "t", "now")
    await seed_task(store, "t", "later", schedule_us=START_US + HOUR)
    redis_client.config_resetstat()
    assert await store.upkeep.refresh_due(0, 0) == 0
    assert redis_client.info("commandstats")["cmdstat_hmget"]["calls"] == 1


async def test_a_hold_from_before_the_clock_stepped_back_is_void(store, clock, dispatcher):
    await seed_queue(store, concurrency=1)
    await seed_tasks(store, "a", "b")
    await dispatcher.claim_one()
    clock.advance(60)
    assert (await dispatcher.claim()).tasks == [], "the store was away: expired leases are held"
    clock.now_us -= HOUR
    await store.upkeep.refresh(0, "")
    assert (await partition_values(store))["due"] == {"1": START_US + LEASE_US}
