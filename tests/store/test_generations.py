"""Purge and deletion of queues: at once for readers and claims, in bounded steps for the memory."""

import pytest

from broker.model.task import View
from broker.store.attempts import Settled
from broker.store.outcomes import TaskExists
from tests.support.seeds import (
    DAY,
    HOUR,
    START_US,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import Tombstone, changes, partition_values

NAME = queue_name().task("t")


async def sweep_all(store):
    """Let the janitor finish; how many steps it took."""
    steps = 1
    while await store.upkeep.sweep(0):
        steps += 1
    return steps


def leftovers(values):
    return {key: value for key, value in values.items() if ":" in key and not isinstance(value, Tombstone)}


async def test_purged_tasks_are_absent_at_once_before_the_janitor_comes(store, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    await store.queues.purge(queue_name())
    assert await read_task(store, "a") is None
    assert await store.tasks.page(queue_name(), View.BASIC, page_size=10, token="") == ([], "")
    assert (await dispatcher.claim()).tasks == []
    assert [depth.tasks for depth in await store.queues.depths(limit=1)] == [0]


async def test_the_janitor_leaves_tombstones_of_given_names_and_nothing_else(store, clock):
    await seed_queue(store)
    await seed_task(store, "named")
    await seed_task(store, "unnamed", named=False)
    purged_us = clock.now_us
    await store.queues.purge(queue_name())
    await seed_task(store, "new")
    clock.advance(60)
    await sweep_all(store)
    values = await partition_values(store)
    assert values["1:t:named"] == Tombstone(purged_us + HOUR)
    assert "1:t:unnamed" not in values
    assert "garbage" not in values
    assert "1:e2" not in values
    assert await read_task(store, "new")


async def test_a_purged_name_is_taken_and_an_id_without_a_name_is_free(store, clock):
    await seed_queue(store)
    await seed_task(store, "named")
    await seed_task(store, "unnamed", named=False)
    await store.queues.purge(queue_name())
    with pytest.raises(TaskExists) as refusal:
        await seed_task(store, "named")
    assert refusal.value.tombstoned
    await seed_task(store, "unnamed", body=b"new")
    clock.advance(3600)
    await seed_task(store, "named", body=b"new")
    await sweep_all(store)
    assert (await read_task(store, "named")).request.body == b"new"
    assert (await read_task(store, "unnamed")).request.body == b"new"


async def test_the_janitor_frees_in_bounded_steps(store):
    await seed_queue(store)
    await seed_tasks(store, *map(str, range(450)), named=False)
    await store.queues.purge(queue_name())
    assert await store.upkeep.sweep(0)
    assert len((await partition_values(store))["1:e2"]) == 250
    await sweep_all(store)
    assert leftovers(await partition_values(store)) == {}


async def test_purge_with_a_thousand_in_flight_frees_no_slot_before_they_end(store, clock, dispatcher):
    await seed_queue(store, concurrency=1000, rate=500, burst=1000)
    for number in range(0, 1000, 100):
        await seed_tasks(store, *map(str, range(number, number + 100)), named=False)
    running = (await dispatcher.claim(1000)).tasks
    assert len(running) == 1000
    await store.queues.purge(queue_name())
    await seed_tasks(store, "new-1", "new-2")
    await sweep_all(store)
    clock.advance(9)
    assert await dispatcher.renew(*running) == [True] * 1000
    assert (await dispatcher.claim()).tasks == []
    assert await dispatcher.settle(running[0]) == [Settled.GONE]
    assert task_ids(await dispatcher.claim()) == ["new-1"]
    assert set(await dispatcher.fail(*running[1:500])) == {Settled.GONE}
    assert set(await dispatcher.settle(*running[500:])) == {Settled.GONE}
    assert (await partition_values(store))["1:l"].keys() == {f"new-1:{clock.now_us}"}


async def test_slots_of_purged_attempts_whose_dispatcher_died_are_freed(store, clock, dispatcher):
    await seed_queue(store, concurrency=1)
    await seed_task(store)
    await dispatcher.claim_one()
    await store.queues.purge(queue_name())
    await seed_task(store, "new")
    for _ in range(6):
        clock.advance(5)
        claim = await dispatcher.claim()
    assert task_ids(claim) == ["new"]


async def test_a_deleted_queue_leaves_nothing_once_its_attempts_have_ended(store, clock, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "a", "b", "c")
    settled, renewed = (await dispatcher.claim(2)).tasks
    await store.queues.delete(queue_name(), tombstone_us=HOUR)
    await sweep_all(store)
    assert (await partition_values(store))["1:l"].keys() == {
        f"{task.key.task_id}:{task.key.fence}" for task in (settled, renewed)
    }
    assert await dispatcher.settle(settled) == [Settled.GONE]
    clock.advance(20)
    assert await dispatcher.renew(renewed) == [True]
    clock.advance(20)
    await sweep_all(store)
    assert await dispatcher.renew(renewed) == [True], "its call still runs"
    clock.advance(31)
    await sweep_all(store)
    assert leftovers(await partition_values(store)).keys() <= {f"gone:{queue_name()}", "claim:me"}


async def test_a_queue_recreated_while_the_janitor_sweeps_its_predecessor(store, clock, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, *map(str, range(300)), body=b"old")
    running = await dispatcher.claim(3)
    await store.queues.delete(queue_name(), tombstone_us=0)
    assert await store.upkeep.sweep(0)
    await seed_queue(store, burst=300)
    await seed_tasks(store, *map(str, range(300)), body=b"new")
    before = {key: value for key, value in (await partition_values(store)).items() if key.startswith("3")}
    clock.advance(31)
    await sweep_all(store)
    after = {key: value for key, value in (await partition_values(store)).items() if key.startswith("3")}
    assert changes(before, after) == {}
    assert set(await dispatcher.settle(*running.tasks)) == {Settled.STALE}
    assert set(await dispatcher.drain()) == set(map(str, range(300)))


async def test_records_of_the_present_generation_survive_the_sweep_of_an_older_one(store):
    await seed_queue(store, tombstone_ttl_us=0)
    await seed_tasks(store, "a", "b")
    await store.queues.purge(queue_name())
    await seed_task(store, "a", body=b"new")
    await store.queues.purge(queue_name())
    await seed_task(store, "b", body=b"newest")
    await sweep_all(store)
    assert (await read_task(store, "b")).request.body == b"newest"
    assert await read_task(store, "a") is None
    assert leftovers(await partition_values(store)).keys() == {"1:e4", "1:t:b"}


async def test_the_janitor_frees_damaged_records_and_passes_dangling_entries(store, redis_client):
    await seed_queue(store)
    await seed_tasks(store, "damaged", "dangling", "good")
    redis_client.set("{hr:0}:1:t:damaged", b"\x01short")
    redis_client.delete("{hr:0}:1:t:dangling")
    await store.queues.delete(queue_name(), tombstone_us=0)
    await sweep_all(store)
    assert leftovers(await partition_values(store)) == {}


async def test_tombstones_outlive_the_sweep(store):
    await seed_queue(store)
    await seed_tasks(store, "deleted", "purged")
    await store.tasks.delete(queue_name().task("deleted"))
    await store.queues.purge(queue_name())
    await sweep_all(store)
    for task_id in ("deleted", "purged"):
        with pytest.raises(TaskExists):
            await seed_task(store, task_id)


async def test_purge_time_is_shown(store, clock):
    await seed_queue(store)
    assert (await store.queues.get(queue_name())).purge_time_us is None
    clock.advance(5)
    await store.queues.purge(queue_name())
    assert (await store.queues.get(queue_name())).purge_time_us == clock.now_us


async def test_tasks_with_a_time_after_the_purge_are_purged_too(store, dispatcher, clock):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + DAY)
    await store.queues.purge(queue_name())
    clock.advance(2 * 86_400)
    assert (await dispatcher.claim()).tasks == []
