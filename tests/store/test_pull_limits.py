"""How often a task can be leased, and what a lease drops on its way (App Engine specification, 3.3)."""

import pytest

from broker.model.retry import RetryConfig
from broker.model.tag_filter import OldestTag, Tag
from broker.store.outcomes import Deleted, TaskExists
from tests.support.pulling import Worker, a_pull_task, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import DAY, HORIZON_US, SECOND, queue_name
from tests.support.snapshot import Tombstone, partition_values


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def lease_again_and_again(clock, worker, times: int, **changes) -> list[list[tuple[str, int]]]:
    answers = []
    for _ in range(times):
        tasks = await worker.lease(seconds=1, **changes)
        answers.append([(task.name.task_id, task.dispatch_count) for task in tasks])
        clock.advance(2)
    return answers


async def test_the_queues_limit_and_a_tasks_own(store, clock, worker):
    await seed_pull_queue(store, retry_config=RetryConfig(max_attempts=2))
    await seed_pull_task(store, "of-the-queue", 1)
    await seed_pull_task(store, "own", 2, retry_config=RetryConfig(max_attempts=1))
    await seed_pull_task(store, "endless", 3, retry_config=RetryConfig(max_attempts=-1))
    assert await lease_again_and_again(clock, worker, 4) == [
        [("of-the-queue", 1), ("own", 1), ("endless", 1)],
        [("endless", 2), ("of-the-queue", 2)],
        [("endless", 3)],
        [("endless", 4)],
    ]
    assert await store.tasks.delete_many(queue_name(), ["of-the-queue", "own", "endless"]) == [
        Deleted.TOMBSTONED,
        Deleted.TOMBSTONED,
        Deleted.DELETED,
    ]
    assert (await store.queues.stats(queue_name())).tasks == 0


async def test_a_limit_of_zero_is_reached_at_the_first_lease(store, clock, worker):
    await seed_pull_queue(store)
    await seed_pull_task(store, "t", 1, retry_config=RetryConfig(max_attempts=0), tag=b"x")
    assert await worker.lease() == []
    with pytest.raises(TaskExists) as exists:
        await store.tasks.create(a_pull_task("t"), horizon_us=HORIZON_US)
    assert exists.value.tombstoned


async def test_age_and_backoff_do_not_matter(store, clock, worker):
    await seed_pull_queue(store, retry_config=RetryConfig(max_attempts=1, max_retry_duration_us=DAY))
    await seed_etas(store, t=1)
    assert await lease_again_and_again(clock, worker, 2) == [[("t", 1)], []]


@pytest.mark.parametrize("tags", [None, Tag(b""), OldestTag()])
async def test_a_lease_goes_on_to_the_next_task(store, clock, worker, tags):
    await seed_pull_queue(store, retry_config=RetryConfig(max_attempts=1))
    await seed_etas(store, a=1, b=2)
    assert ids(await worker.lease(1, 1, tags)) == ["a"]
    clock.advance(2)
    await seed_pull_task(store, "c", clock.now_us - 1)
    assert ids(await worker.lease(1, 1, tags)) == ["b"]
    assert ids(await worker.lease(1, 1, tags)) == ["c"], "a is gone"
    assert "1:t:a" in await partition_values(store)


@pytest.mark.parametrize(("exhausted", "next_one"), [(b"", b"x"), (b"x", b""), (b"x", b"y")])
async def test_the_oldest_task_that_can_be_leased_decides_the_tag(store, clock, worker, exhausted, next_one):
    await seed_pull_queue(store)
    await seed_pull_task(store, "exhausted", 1, retry_config=RetryConfig(max_attempts=0), tag=exhausted)
    await seed_pull_task(store, "next", 2, tag=next_one)
    await seed_pull_task(store, "other", 3, tag=exhausted)
    assert ids(await worker.lease(tags=OldestTag())) == ["next"]
    assert "1:t:exhausted" in await partition_values(store)


async def test_only_a_thousand_are_dropped_in_one_call(store, clock, worker):
    await seed_pull_queue(store, task_ttl_us=DAY)
    for number in range(1500):
        await seed_pull_task(store, f"t{number}", named_by_user=False)
    clock.advance(86_401)
    await seed_pull_task(store, "fresh", clock.now_us - 1)
    assert await worker.lease() == []
    assert (await store.queues.stats(queue_name())).tasks == 501
    assert ids(await worker.lease()) == ["fresh"]


@pytest.mark.parametrize("tags", [None, Tag(b"x"), OldestTag()])
async def test_what_is_past_its_life_damaged_or_missing_is_dropped(store, clock, worker, redis_client, tags):
    await seed_pull_queue(store, task_ttl_us=10 * SECOND)
    for name in ("expired", "damaged", "missing"):
        await seed_pull_task(store, name, 1, tag=b"x")
    redis_client.set("{hr:0}:1:t:damaged", b"what is this")
    redis_client.delete("{hr:0}:1:t:missing")
    clock.advance(10)
    await seed_pull_task(store, "good", clock.now_us - 1, tag=b"x")
    assert ids(await worker.lease(tags=tags)) == ["good"]
    values = await partition_values(store)
    if tags is None:
        # Nobody can tell their tags any more: a lease by tag drops them there.
        assert ids(await worker.lease(tags=Tag(b"x"))) == []
        values = await partition_values(store)
    assert values["1:e2"].keys() == {"good"}
    assert isinstance(values["1:t:expired"], Tombstone)
    assert not {"1:t:damaged", "1:t:missing"} & values.keys()
