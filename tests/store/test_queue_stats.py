"""What the statistics of a queue count, as time passes and the dispatcher works."""

from broker.model.queue import QueueState, QueueStats
from tests.support.seeds import LEASE_US, SECOND, START_US, queue_name, seed_queue, seed_task, seed_tasks
from tests.support.snapshot import changes, partition_values

NAME = queue_name()
RATE = 7.5


async def test_a_missing_queue_has_none(store):
    assert await store.queues.stats(NAME) is None


async def test_tasks_and_the_next_of_them(store, clock):
    await seed_queue(store, rate=RATE)
    assert await store.queues.stats(NAME) == QueueStats(0, None, 0, RATE)
    await seed_task(store, "later", schedule_us=START_US + 60 * SECOND)
    await seed_task(store, "soon", schedule_us=START_US + 5 * SECOND)
    assert await store.queues.stats(NAME) == QueueStats(2, START_US + 5 * SECOND, 0, RATE)
    clock.advance(30)
    assert await store.queues.stats(NAME) == QueueStats(2, START_US + 5 * SECOND, 0, RATE), "it waits"


async def test_attempts_in_flight_until_their_leases_end(store, clock, dispatcher):
    await seed_queue(store, rate=RATE)
    await seed_tasks(store, "1", "2", "3")
    await dispatcher.claim(2)
    before = await partition_values(store)
    assert await store.queues.stats(NAME) == QueueStats(3, START_US, 2, RATE)
    clock.advance(LEASE_US / SECOND)
    assert await store.queues.stats(NAME) == QueueStats(3, START_US, 0, RATE)
    assert changes(before, await partition_values(store)) == {}, "it only reads"


async def test_a_paused_queue_and_another_queue(store):
    await seed_queue(store, rate=RATE)
    await seed_queue(store, "other")
    await seed_tasks(store, "1", queue_id="other")
    await store.queues.set_state(NAME, QueueState.PAUSED)
    assert await store.queues.stats(NAME) == QueueStats(0, None, 0, RATE)


async def test_attempts_that_ended_are_counted_for_a_minute_and_an_hour(store, clock, dispatcher):
    await seed_queue(store, rate=RATE)
    assert await store.queues.stats(NAME) == QueueStats(0, None, 0, RATE, 0, 0, 0), "it never executed anything"
    await seed_tasks(store, "1", "2", "3", "4")
    done, failed, kept, stale = (await dispatcher.claim()).tasks
    await dispatcher.settle(done)
    await dispatcher.fail(failed)
    await dispatcher.settle(stale)
    await dispatcher.settle(stale)  # the second result is stale
    await dispatcher.renew(kept)
    for seconds, last_minute, last_hour, sampling_s in (
        (0, 3, 3, 0),
        (59, 3, 3, 59),
        (1, 0, 3, 60),
        (3479, 0, 3, 3539),
        (1, 0, 3, 3540),
        (60, 0, 0, 3600),
        (9999, 0, 0, 3600),
    ):
        clock.advance(seconds)
        stats = await store.queues.stats(NAME)
        assert (stats.executed_last_minute, stats.executed_last_hour, stats.sampling_s) == (
            last_minute,
            last_hour,
            sampling_s,
        ), seconds


async def test_a_slot_is_used_again_an_hour_later(store, clock, dispatcher):
    await seed_queue(store)
    for number in range(3):
        await seed_task(store, str(number))
        await dispatcher.drain()
        clock.advance(3600)
    await seed_tasks(store, "a", "b")
    await dispatcher.drain()
    stats = await store.queues.stats(NAME)
    assert (stats.executed_last_minute, stats.executed_last_hour, stats.sampling_s) == (2, 2, 3600)
    clock.advance(-3600)
    assert (await store.queues.stats(NAME)).executed_last_hour == 0, "what lies ahead does not count"


async def test_statistics_go_by_themselves(store, redis_client, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.drain()
    assert 7100 < redis_client.ttl("{hr:0}:1:s") <= 7200
    assert redis_client.strlen("{hr:0}:1:s") <= 964
