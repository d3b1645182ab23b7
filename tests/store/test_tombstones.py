"""Names of finished tasks: taken for a while if a user gave them, however the task ended."""

import pytest

from broker.model.retry import RetryConfig
from broker.model.task import View
from broker.store.outcomes import TaskExists, TaskMissing
from tests.support.seeds import HOUR, SECOND, queue_name, read_task, seed_queue, seed_task
from tests.support.snapshot import Tombstone, partition_values, take_snapshot

NAME = queue_name().task("t")


async def by_delete(store, dispatcher):
    await store.tasks.delete(NAME)


async def by_success(store, dispatcher):
    await dispatcher.settle(await dispatcher.claim_one())


async def by_exhaustion(store, dispatcher):
    await dispatcher.fail(await dispatcher.claim_one())


async def by_purge(store, dispatcher):
    await store.queues.purge(queue_name())


async def by_purge_and_sweep(store, dispatcher):
    await store.queues.purge(queue_name())
    await store.upkeep.sweep(0)


WAYS = [by_delete, by_success, by_exhaustion, by_purge, by_purge_and_sweep]
ONCE = RetryConfig(max_attempts=1)


@pytest.mark.parametrize("end", WAYS)
async def test_a_given_name_stays_taken_for_the_queues_time(store, clock, dispatcher, end):
    await seed_queue(store, retry_config=ONCE, tombstone_ttl_us=10 * SECOND)
    await seed_task(store, body=b"old")
    await end(store, dispatcher)
    assert await read_task(store) is None
    with pytest.raises(TaskMissing) as missing:
        await store.tasks.delete(NAME)
    assert missing.value.tombstoned
    clock.advance(9.999_999)
    with pytest.raises(TaskExists) as refusal:
        await seed_task(store)
    assert refusal.value.tombstoned
    clock.advance(0.000_001)
    await seed_task(store, body=b"new")
    assert (await read_task(store)).request.body == b"new"


@pytest.mark.parametrize("end", WAYS)
async def test_an_id_that_nobody_gave_is_free_at_once(store, dispatcher, end):
    await seed_queue(store, retry_config=ONCE)
    await seed_task(store, named=False)
    await end(store, dispatcher)
    with pytest.raises(TaskMissing) as missing:
        await store.tasks.get(NAME, View.BASIC)
    assert not missing.value.tombstoned
    await seed_task(store, named=False)
    await store.upkeep.sweep(0)


@pytest.mark.parametrize("end", WAYS)
async def test_without_a_time_no_tombstone_is_kept(store, dispatcher, end):
    await seed_queue(store, retry_config=ONCE, tombstone_ttl_us=0)
    await seed_task(store)
    await end(store, dispatcher)
    await seed_task(store)
    await store.upkeep.sweep(0)


async def test_the_ttl_only_collects_what_has_ended(store):
    await seed_queue(store)
    await seed_task(store)
    await store.tasks.delete(NAME)
    ttl_ms = (await take_snapshot(store)).ttls_ms["{hr:0}:1:t:t"]
    assert HOUR / 1000 - 60_000 < ttl_ms <= HOUR / 1000


async def test_a_shorter_time_for_tombstones_holds_for_what_ends_from_now_on(store, clock):
    await seed_queue(store, tombstone_ttl_us=HOUR)
    await seed_task(store)
    await store.tasks.delete(NAME)
    values = await partition_values(store)
    assert values["1:t:t"] == Tombstone(clock.now_us + HOUR)


async def test_a_tombstone_does_not_keep_an_id_that_nobody_gave(store):
    await seed_queue(store)
    await seed_task(store)
    await store.tasks.delete(NAME)
    await seed_task(store, named=False)
    assert await read_task(store)


async def test_a_tombstone_is_no_task_for_run(store):
    await seed_queue(store)
    await seed_task(store)
    await store.tasks.delete(NAME)
    with pytest.raises(TaskMissing) as missing:
        await store.tasks.run(NAME, View.BASIC)
    assert missing.value.tombstoned
