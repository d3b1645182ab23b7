"""Creating, reading and deleting pull tasks, and what is left of them (App Engine specification, 2.4, 2.5 and 6)."""

import pytest

from broker.model.tag_filter import Tag
from broker.model.task import PullMessage, View
from broker.store.outcomes import Deleted, TaskExists, TaskMissing, WrongQueueKind
from tests.support.pulling import Worker, a_pull_task, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import (
    HORIZON_US,
    HOUR,
    SECOND,
    START_US,
    a_task,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
)
from tests.support.snapshot import changes, partition_values

QUEUE = queue_name()


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def test_a_task_is_stored_under_its_time_and_tag(store):
    await seed_pull_queue(store)
    before = await partition_values(store)
    task = await seed_pull_task(store, "t", START_US - 5, tag=b"x", body=b"body")
    changed = changes(before, await partition_values(store))
    assert {key: value for key, value in changed.items() if not key.startswith("1:t:t/")} == {
        "1:e2/t": START_US - 5,
        "1:e2:t:x/t": START_US - 5,
        "1/names": 1,
    }
    assert changed["1:t:t/payload"] == b"xbody"
    assert (task.schedule_us, task.create_us, task.request) == (START_US - 5, START_US, PullMessage(b"body", b"x"))
    assert await store.tasks.get(task.name, View.FULL) == task


@pytest.mark.parametrize(
    ("eta_us", "keeps", "expected_us"),
    [
        (None, False, START_US),
        (START_US - SECOND, False, START_US),
        (START_US - SECOND, True, START_US - SECOND),
        (0, True, 0),
        (START_US + SECOND, True, START_US + SECOND),
    ],
)
async def test_a_time_in_the_past_stays_only_where_asked_to(store, eta_us, keeps, expected_us):
    await seed_pull_queue(store)
    task = await seed_pull_task(store, "t", eta_us, keeps_past_schedule=keeps)
    assert task.schedule_us == expected_us


async def test_tasks_are_listed_whether_leased_or_not(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, leased=1, future=START_US + SECOND)
    await worker.lease(1)
    listed, _ = await store.tasks.page(QUEUE, View.BASIC, page_size=10, token="")
    assert {task.name.task_id: task.dispatch_count for task in listed} == {"leased": 1, "future": 0}


async def test_tasks_and_queues_are_of_the_same_kind(store):
    await seed_pull_queue(store)
    with pytest.raises(WrongQueueKind):
        await seed_task(store)
    await seed_queue(store, "push")
    with pytest.raises(WrongQueueKind):
        await seed_pull_task(store, queue_id="push")
    await seed_pull_task(store, "t")
    with pytest.raises(TaskExists):
        await store.tasks.create(a_task("t"), horizon_us=HORIZON_US)


async def test_pull_tasks_cannot_be_run(store):
    await seed_pull_queue(store)
    await seed_pull_task(store, "t")
    before = await partition_values(store)
    with pytest.raises(WrongQueueKind):
        await store.tasks.run(QUEUE.task("t"), View.BASIC)
    with pytest.raises(TaskMissing):
        await store.tasks.run(QUEUE.task("none"), View.BASIC)
    assert changes(before, await partition_values(store)) == {}


async def test_deleting_several(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2, c=3)
    await worker.lease(1)
    assert await store.tasks.delete_many(QUEUE, ["a", "unknown", "b", "a", "c"]) == [
        Deleted.DELETED,
        Deleted.UNKNOWN,
        Deleted.DELETED,
        Deleted.TOMBSTONED,
        Deleted.DELETED,
    ]
    assert await store.tasks.delete_many(QUEUE, ["b"]) == [Deleted.TOMBSTONED]
    assert await store.tasks.delete_many(QUEUE, []) == []


async def test_deleting_more_than_a_batch(store):
    await seed_pull_queue(store)
    names = [f"t{number}" for number in range(1201)]
    for name in names:
        await seed_pull_task(store, name, named_by_user=False)
    assert await store.tasks.delete_many(QUEUE, names) == [Deleted.DELETED] * 1201
    assert await store.tasks.delete_many(QUEUE, names[:2]) == [Deleted.UNKNOWN] * 2


@pytest.mark.parametrize("end", ["delete", "acknowledge", "purge"])
async def test_names_stay_taken(store, clock, worker, end):
    await seed_pull_queue(store)
    await seed_etas(store, t=1)
    task = await worker.lease_one()
    await {
        "delete": lambda: store.tasks.delete(task.name),
        "acknowledge": lambda: worker.acknowledge(task),
        "purge": lambda: store.queues.purge(QUEUE),
    }[end]()
    with pytest.raises(TaskExists) as exists:
        await seed_pull_task(store, "t")
    assert exists.value.tombstoned
    clock.advance(3601)
    await seed_pull_task(store, "t")


async def test_a_name_used_again_with_another_tag(store, clock, worker):
    """The dead record, past its life or purged, stood in the index of its own tag."""
    await seed_pull_queue(store, task_ttl_us=HOUR, tombstone_ttl_us=0)
    await seed_pull_task(store, "t", tag=b"old")
    clock.advance(3600)
    await seed_pull_task(store, "t", tag=b"new")
    assert (await partition_values(store)).keys() & {"1:e2:t:old", "1:e2:t:new"} == {"1:e2:t:new"}
    await store.queues.purge(QUEUE)
    clock.now_us += 1
    await seed_pull_task(store, "t", tag=b"newest")
    assert not await store.upkeep.sweep(0)
    values = await partition_values(store)
    assert sorted(key for key in values if ":e" in key) == ["1:e3", "1:e3:t:newest"]
    assert (await read_task(store)).request.tag == b"newest"
    clock.advance(1)
    assert ids(await worker.lease(tags=Tag(b"newest"))) == ["t"]


@pytest.mark.parametrize("end", ["purge", "delete"])
async def test_the_janitor_frees_tags_as_well(store, clock, worker, end):
    await seed_pull_queue(store)
    for number in range(450):
        await seed_pull_task(store, f"t{number}", tag=b"tag%d" % (number % 7) * 40, named_by_user=number % 2 == 0)
    clock.advance(1)
    await worker.lease(100)
    if end == "purge":
        await store.queues.purge(QUEUE)
    else:
        await store.queues.delete(QUEUE, tombstone_us=0)
    while await store.upkeep.sweep(0):
        pass
    values = await partition_values(store)
    assert not any(":e" in key for key in values)
    assert len([key for key in values if ":t:" in key]) == (225 if end == "purge" else 0), "names stay taken"


async def test_the_janitor_frees_the_tags_of_damaged_records(store, redis_client):
    """As far as another task of the purge had the tag: nothing else tells it any more."""
    await seed_pull_queue(store)
    for name, tag in (("damaged", b"x"), ("sound", b"x"), ("untagged", b"")):
        await seed_pull_task(store, name, tag=tag)
    redis_client.set("{hr:0}:1:t:damaged", b"what is this")
    redis_client.set("{hr:0}:1:t:untagged", b"what is this")
    await store.queues.purge(QUEUE)
    while await store.upkeep.sweep(0):
        pass
    assert not any(":e" in key for key in await partition_values(store))


async def test_statistics_of_what_was_executed(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, **{f"t{number:03}": number for number in range(300)})
    for _ in range(100):
        await worker.lease(1, 7200)
        clock.advance(60)
    stats = await store.queues.stats(QUEUE)
    assert (stats.executed_last_minute, stats.executed_last_hour, stats.sampling_s) == (0, 59, 3600)
    await worker.lease(200, 7200)
    stats = await store.queues.stats(QUEUE)
    assert (stats.executed_last_minute, stats.executed_last_hour) == (200, 259)


async def test_a_batch_with_names_twice_adds_each_once(store):
    await seed_pull_queue(store)
    await store.tasks.create(a_pull_task("k1"), horizon_us=HORIZON_US)
    with pytest.raises(TaskExists) as exists:
        await store.tasks.create(a_pull_task("k1"), horizon_us=HORIZON_US)
    assert not exists.value.tombstoned
