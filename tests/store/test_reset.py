"""Resetting a project: afterwards every name is free, and what still runs changes nothing."""

import asyncio

import pytest

from broker.model.names import LocationName, OperationName, QueueName
from broker.model.queue import QueueState
from broker.store.attempts import Settled
from broker.store.holds import Settlement
from broker.store.outcomes import QueueMissing, QueueNameTombstoned, TaskExists
from broker.store.projects import Forgotten
from tests.support.invariants import check_invariants
from tests.support.pulling import Worker, seed_pull_queue, seed_pull_task
from tests.support.seeds import HOUR, a_queue, queue_name, read_task, seed_queue, seed_task, seed_tasks
from tests.support.snapshot import partition_values

KEEP = pytest.mark.parametrize("keep_queues", [False, True])


async def sweep(store):
    """Let the janitor finish."""
    while await store.upkeep.sweep(0):
        pass


async def test_nothing_is_left_of_the_queues(store, dispatcher, clock):
    await seed_queue(store, "a")
    await seed_queue(store, "b", state=QueueState.PAUSED)
    await seed_tasks(store, "1", "2", queue_id="a")
    await seed_tasks(store, "3", queue_id="b")
    assert await store.projects.reset("p", keep_queues=False) == Forgotten(queues=2, names=0)
    assert await store.projects.queue_names("p") == []
    with pytest.raises(QueueMissing):
        await store.queues.get(queue_name("a"))
    await sweep(store)
    assert (await partition_values(store)).keys() == {"seq"}


async def test_queues_that_are_kept_keep_their_configuration_and_lose_their_tasks(store, clock):
    queue = a_queue(rate=7, burst=3, state=QueueState.PAUSED)
    await store.queues.create(queue, max_queues=9)
    await seed_task(store)
    await store.queues.purge(queue.name)
    await seed_task(store, "later")
    assert await store.projects.reset("p", keep_queues=True) == Forgotten(queues=1, names=0)
    assert await store.queues.get(queue.name) == queue
    assert (await store.queues.stats(queue.name)).tasks == 0
    await sweep(store)
    assert await read_task(store, "later") is None
    assert set(await partition_values(store)) == {"seq", "ids", "queues", (await store.queues.find(queue.name)).id}


@KEEP
async def test_nothing_is_left_of_pull_tasks_and_their_tags(store, clock, redis_client, keep_queues):
    await seed_pull_queue(store)
    for number, tag in enumerate((b"", b"a", b"a", b"\xff:")):
        await seed_pull_task(store, f"t{number}", number, tag=tag, named_by_user=number < 2)
    held = await Worker(store).lease(2, cap=10)
    await store.holds.settle(queue_name(), 1, [Settlement("t0", held[0].schedule_us, None)])
    await store.projects.reset("p", keep_queues=keep_queues)
    assert await store.holds.settle(queue_name(), 1, [Settlement("t1", held[1].schedule_us, None)]) == [0]
    await sweep(store)
    await check_invariants(store)
    lasting = {key.decode().partition("}:")[2] for key in redis_client.keys("{hr:*}:*") if redis_client.ttl(key) < 0}
    kept = {"ids", "queues", (await store.queues.find(queue_name())).id} if keep_queues else set()
    assert lasting == {"seq"} | kept


@KEEP
async def test_the_names_of_tasks_are_free_at_once(store, dispatcher, keep_queues):
    await seed_queue(store)
    await seed_tasks(store, "done", "live")
    await store.tasks.delete(queue_name().task("done"))
    with pytest.raises(TaskExists):
        await seed_task(store, "done")
    await store.projects.reset("p", keep_queues=keep_queues)
    if not keep_queues:
        await seed_queue(store)
    await seed_tasks(store, "done", "live")
    assert sorted(await dispatcher.drain()) == ["done", "live"]


@KEEP
async def test_the_names_of_deleted_queues_are_free_at_once(store, keep_queues):
    for queue_id in ("a", "b"):
        await seed_queue(store, queue_id)
        await store.queues.delete(queue_name(queue_id), tombstone_us=HOUR)
    with pytest.raises(QueueNameTombstoned):
        await seed_queue(store, "a")
    assert await store.projects.reset("p", keep_queues=keep_queues) == Forgotten(queues=0, names=2)
    await seed_queue(store, "a")


@KEEP
async def test_running_attempts_are_forgotten(store, dispatcher, clock, keep_queues):
    await seed_queue(store, concurrency=1)
    await seed_task(store)
    attempt = await dispatcher.claim_one()
    await store.projects.reset("p", keep_queues=keep_queues)
    if not keep_queues:
        await seed_queue(store, concurrency=1)
    assert (await store.queues.stats(queue_name())).in_flight == 0
    await seed_task(store)
    again = await dispatcher.claim_one()
    assert await dispatcher.settle(attempt) == [Settled.GONE]
    assert await read_task(store) is not None, "the earlier attempt does not finish the new task"
    assert await dispatcher.settle(again) == [Settled.DONE]
    clock.advance(31)
    await sweep(store)


@KEEP
async def test_a_forced_attempt_that_waits_is_forgotten(store, dispatcher, keep_queues):
    await seed_queue(store, state=QueueState.PAUSED)
    name = await seed_task(store)
    await store.tasks.run(name, "BASIC")
    await store.projects.reset("p", keep_queues=keep_queues)
    assert (await dispatcher.claim()).tasks == []
    await sweep(store)


@KEEP
async def test_what_batch_calls_answered_is_forgotten(store, keep_queues):
    location, other = LocationName("p", "l"), OperationName(LocationName("p-2", "l"), "o")
    names = [OperationName(location, f"o{number}") for number in range(3)]
    for name in (*names, other):
        await store.operations.keep(name, b"content", ttl_s=60)
    assert await store.projects.reset("p", keep_queues=keep_queues) == Forgotten(queues=0, names=0)
    assert [await store.operations.get(name) for name in (*names, other)] == [None, None, None, b"content"]
    assert await store.operations.keep(names[0], b"anew", ttl_s=60) == b"anew"


@KEEP
async def test_other_projects_are_left_alone(store, keep_queues):
    others = [QueueName("p-2", "l", "q"), QueueName("q", "l", "q")]
    for name in others:
        await store.queues.create(a_queue().__class__(name), max_queues=9)
        deleted = QueueName(name.project, "l", "deleted")
        await store.queues.create(a_queue().__class__(deleted), max_queues=9)
        await store.queues.delete(deleted, tombstone_us=HOUR)
    await seed_queue(store)
    before = await partition_values(store)
    await store.projects.reset("p", keep_queues=keep_queues)
    after = await partition_values(store)
    for name in others:
        assert after["ids"][str(name)] == before["ids"][str(name)]
    assert after["tombstones"] == before["tombstones"]


@KEEP
async def test_it_goes_in_bounded_steps(store, monkeypatch, keep_queues):
    monkeypatch.setattr("broker.store.projects._STEP_QUEUES", 2)
    monkeypatch.setattr("broker.store.projects._STEP_NAMES", 2)
    for number in range(5):
        await seed_queue(store, f"q{number}")
    for number in range(300):
        await seed_queue(store, f"gone-{number}")
        await store.queues.delete(queue_name(f"gone-{number}"), tombstone_us=HOUR)
    assert await store.projects.reset("p", keep_queues=keep_queues) == Forgotten(queues=5, names=300)
    assert await store.queues.count(LocationName("p", "l")) == (5 if keep_queues else 0)


@KEEP
async def test_creates_at_the_same_time_either_stay_or_go(store, dispatcher, keep_queues):
    await seed_queue(store)

    async def create(number):
        try:
            await seed_task(store, f"t{number}")
        except QueueMissing:
            assert not keep_queues

    await asyncio.gather(
        *map(create, range(20)), store.projects.reset("p", keep_queues=keep_queues), *map(create, range(20, 40))
    )
    await sweep(store)


async def test_the_list_of_tombstones_is_trimmed(store, clock):
    await seed_queue(store)
    await store.queues.delete(queue_name(), tombstone_us=HOUR)
    clock.advance(3600)
    await sweep(store)
    assert "tombstones" not in await partition_values(store)
