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
