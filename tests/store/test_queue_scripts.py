"""Each script on queues: one operation on a seeded store, then everything that it changed, and nothing else."""

import asyncio

import pytest

from broker.model.names import LocationName
from broker.model.queue import QueueState
from broker.store.outcomes import QueueExists, QueueMissing, QueueNameTombstoned, TooManyQueues
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
)
from tests.support.snapshot import Tombstone, changes, partition_values

NAME = str(queue_name())


async def test_create_adds_a_configuration_and_two_names(store):
    queue = a_queue(rate=7.25, burst=12, concurrency=3)
    assert await store.queues.create(queue, max_queues=1) == queue
    values = await partition_values(store)
    config = values.pop("1")
    assert values == {"seq": {"id": 2}, "ids": {NAME: 1}, "queues": {NAME: 0}}
    assert {name: config[name] for name in ("name", "state", "generation", "version", "tokens", "refilled_us")} == {
        "name": NAME,
        "state": "RUNNING",
        "generation": 2,
        "version": 1,
        "tokens": 12,
        "refilled_us": START_US,
    }
    assert await store.queues.get(queue.name) == queue


async def test_create_refuses_a_taken_name_and_changes_nothing(store):
    await seed_queue(store)
    before = await partition_values(store)
    with pytest.raises(QueueExists):
        await seed_queue(store, rate=1)
    assert changes(before, await partition_values(store)) == {}


async def test_create_refuses_more_queues_than_the_location_may_hold(store):
    await seed_queue(store)
    with pytest.raises(TooManyQueues):
        await store.queues.create(a_queue("another"), max_queues=1)


async def test_get_of_a_missing_queue(store):
    with pytest.raises(QueueMissing):
        await store.queues.get(queue_name())


async def test_update_replaces_the_configuration_and_derives_due(store, clock):
    await seed_queue(store, burst=10)
    await seed_task(store)
    before = await partition_values(store)
    clock.advance(1)
    updated = await store.queues.update(queue_name(), lambda queue: a_queue(rate=2, burst=4, concurrency=9))
    assert updated == a_queue(rate=2, burst=4, concurrency=9)
    assert await store.queues.get(queue_name()) == updated
    assert changes(before, await partition_values(store)) == {
        "1/rate": 2,
        "1/burst": 4,
        "1/concurrency": 9,
        "1/version": 2,
        "1/tokens": 4,
        "1/refilled_us": clock.now_us,
    }


async def test_updates_at_the_same_time_all_take_effect(store):
    await seed_queue(store, rate=1)

    def one_more(queue):
        return a_queue(rate=queue.rate_limits.max_dispatches_per_second + 1)

    await asyncio.gather(*(store.queues.update(queue_name(), one_more) for _ in range(10)))
    assert (await store.queues.get(queue_name())).rate_limits.max_dispatches_per_second == 11


async def test_pause_takes_a_queue_out_of_due_and_resume_puts_it_back(store, clock):
    await seed_queue(store)
    await seed_task(store)
    running = await partition_values(store)
    paused = await store.queues.set_state(queue_name(), QueueState.PAUSED)
    assert paused.state is QueueState.PAUSED
    assert changes(running, await partition_values(store)) == {"1/state": "PAUSED", "due/1": None}
    clock.advance(5)
    await store.queues.set_state(queue_name(), QueueState.RUNNING)
    assert changes(running, await partition_values(store)) == {"due/1": clock.now_us}


async def test_a_disabled_queue_stays_so_until_it_is_resumed(store):
    await seed_queue(store, state=QueueState.DISABLED)
    await seed_task(store)
    before = await partition_values(store)
    assert (await store.queues.set_state(queue_name(), QueueState.PAUSED)).state is QueueState.DISABLED
    assert changes(before, await partition_values(store)) == {}
    assert (await store.queues.set_state(queue_name(), QueueState.RUNNING)).state is QueueState.RUNNING


async def test_purge_switches_the_generation_and_leaves_the_rest_to_the_janitor(store, dispatcher, clock):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    await dispatcher.claim(1)
    before = await partition_values(store)
    clock.advance(1)
    purged = await store.queues.purge(queue_name())
    assert purged.purge_time_us == clock.now_us
    assert changes(before, await partition_values(store)) == {
        "1/generation": 3,
        "1/purge_us": clock.now_us,
        "seq/id": 3,
        "garbage/1:2": clock.now_us,
        "due/1": None,
    }


async def test_delete_forgets_the_configuration_and_leaves_the_rest_to_the_janitor(store, dispatcher, clock):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    await dispatcher.claim(1)
    before = await partition_values(store)
    clock.advance(1)
    await store.queues.delete(queue_name(), tombstone_us=HOUR)
    changed = changes(before, await partition_values(store))
    assert {path: value for path, value in changed.items() if not path.startswith("1/")} == {
        f"ids/{NAME}": None,
        f"queues/{NAME}": None,
        f"gone:{NAME}": Tombstone(clock.now_us + HOUR),
        f"tombstones/{NAME}": clock.now_us + HOUR,
        "garbage/1:2": clock.now_us,
        "due/1": None,
    }
    assert {value for path, value in changed.items() if path.startswith("1/")} == {None}
    with pytest.raises(QueueMissing):
        await store.queues.delete(queue_name(), tombstone_us=HOUR)


@pytest.mark.parametrize("operation", ["update", "set_state", "purge", "delete"])
async def test_what_needs_a_queue_misses_it_and_writes_nothing(store, operation):
    calls = {
        "update": lambda: store.queues.update(queue_name(), lambda queue: queue),
        "set_state": lambda: store.queues.set_state(queue_name(), QueueState.PAUSED),
        "purge": lambda: store.queues.purge(queue_name()),
        "delete": lambda: store.queues.delete(queue_name(), tombstone_us=HOUR),
    }
    with pytest.raises(QueueMissing):
        await calls[operation]()
    assert await partition_values(store) == {}


async def test_the_name_of_a_deleted_queue_is_free_again_when_its_tombstone_ends(store, clock):
    await seed_queue(store)
    await store.queues.delete(queue_name(), tombstone_us=HOUR)
    clock.advance(3599)
    with pytest.raises(QueueNameTombstoned):
        await seed_queue(store)
    clock.advance(1)
    await seed_queue(store)
    assert f"gone:{NAME}" not in await partition_values(store)


async def test_refresh_goes_round_in_bounded_steps(store, redis_client, monkeypatch):
    monkeypatch.setattr("broker.store.upkeep._STEP_QUEUES", 2)
    for number in range(5):
        await seed_queue(store, f"q{number}")
        await seed_task(store, queue_id=f"q{number}")
    right = await partition_values(store)
    redis_client.delete("{hr:0}:due")
    lasts = [last := await store.upkeep.refresh(0, "")]
    while last:
        lasts.append(last := await store.upkeep.refresh(0, last))
    assert lasts == [str(queue_name("q1")), str(queue_name("q3")), ""]
    assert changes(right, await partition_values(store)) == {}


async def test_depths_count_tasks_and_running_attempts(store, dispatcher):
    await seed_queue(store, "a")
    await seed_queue(store, "b")
    await seed_tasks(store, "1", "2", "3", queue_id="b")
    await dispatcher.claim(2)
    depths = [(str(depth.name), depth.tasks, depth.in_flight) for depth in await store.queues.depths(limit=10)]
    assert depths == [(str(queue_name("a")), 0, 0), (str(queue_name("b")), 3, 2)]
    assert [depth.name for depth in await store.queues.depths(limit=1)] == [queue_name("a")]


async def test_depths_do_not_count_attempts_that_are_lost(store, clock, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    await dispatcher.claim_one()
    await store.queues.purge(queue_name())
    clock.advance(LEASE_US / SECOND)
    assert [depth.in_flight for depth in await store.queues.depths(limit=1)] == [0]


async def test_pages_hold_the_queues_of_one_location_by_name(store):
    for queue_id in ("b", "a", "c", "a-1"):
        await seed_queue(store, queue_id)
    location = queue_name().parent
    first, after = await store.queues.page(location, page_size=3, after="")
    rest, end = await store.queues.page(location, page_size=3, after=after)
    assert [queue.name.queue_id for queue in first] == ["a", "a-1", "b"]
    assert ([queue.name.queue_id for queue in rest], end) == (["c"], "")


async def test_a_page_never_shows_another_location(store):
    await seed_queue(store, "a")
    other = LocationName("q", "l")
    for after in ("", str(queue_name("")), "projects/a"):
        assert await store.queues.page(other, page_size=10, after=after) == ([], "")
