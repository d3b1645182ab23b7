"""What a worker says of many tasks at once: done, go on, give back."""

import pytest

from broker.model.queue import QueueKind
from broker.model.tag_filter import AnyTag, Tag
from broker.model.task import PullMessage, View
from broker.store.holds import Settlement
from tests.support.seeds import queue_name, read_task, seed_queue, seed_task, seed_tasks

SECOND = 1_000_000
A, B = 11, 22


@pytest.fixture
def queue(runner, store, clock):
    runner.run(seed_queue(store, kind=QueueKind.PULL))
    runner.run(seed_tasks(store, "a", "b", "c", request=PullMessage(b"body", b"tag")))
    clock.advance(1)
    return queue_name()


async def lease(store, tags=None, count=10):
    """Ids and times of what is leased for 10 s."""
    tasks = await store.leases.lease(
        queue_name(),
        max_tasks=count,
        lease_us=10 * SECOND,
        tags=tags or AnyTag(),
        view=View.FULL,
        most_bytes=1 << 20,
        cap=0,
        require_running=True,
        deadline_s=10,
    )
    return {task.task_id: task.schedule_us for task in tasks}


async def test_done_renewed_and_given_back(store, clock, queue):
    held = await lease(store)
    clock.advance(4)
    wanted = [Settlement("a", held["a"], None), Settlement("b", held["b"], 60 * SECOND), Settlement("c", held["c"], 0)]
    assert await store.holds.settle(queue, A, wanted) == [0, clock.now_us + 60 * SECOND, clock.now_us]
    assert await read_task(store, "a") is None
    clock.advance(1)
    assert list(await lease(store, Tag(b"tag"))) == ["c"]
    assert (await read_task(store, "c")).dispatch_count == 2


async def test_the_holder_needs_no_newer_proof(store, clock, queue):
    """The answer to a renewal can be lost: the store knows who made it."""
    held = await lease(store, count=1)
    for holder, answer in ((A, 30 * SECOND), (A, 30 * SECOND), (B, None)):
        clock.advance(1)
        (time_us,) = await store.holds.settle(queue, holder, [Settlement("a", held["a"], 30 * SECOND)])
        assert time_us == (answer and clock.now_us + answer)


async def test_late_is_fine_until_another_has_the_task(store, clock, queue):
    held = await lease(store, count=1)
    clock.advance(20)
    (time_us,) = await store.holds.settle(queue, A, [Settlement("a", held["a"], SECOND)])
    assert time_us == clock.now_us + SECOND
    clock.advance(20)
    assert "a" in await lease(store)
    assert await store.holds.settle(queue, A, [Settlement("a", held["a"], None)]) == [None]
    assert await read_task(store, "a") is not None


async def test_what_is_gone_stays_gone(store, queue):
    held = await lease(store)
    rows = [Settlement(task_id, held[task_id], None) for task_id in held]
    assert await store.holds.settle(queue, A, rows) == [0, 0, 0]
    assert await store.holds.settle(queue, A, [*rows, Settlement("never", 1, SECOND)]) == [0, 0, 0, 0]


async def test_queues_that_are_gone_or_push(store, queue):
    held = await lease(store, count=1)
    await store.queues.delete(queue, tombstone_us=0)
    assert await store.holds.settle(queue, A, [Settlement("a", held["a"], SECOND)]) == [0]
    await seed_queue(store, "push")
    await seed_task(store, "a", "push")
    task = await read_task(store, "a", "push")
    assert await store.holds.settle(queue_name("push"), A, [Settlement("a", task.schedule_us, None)]) == [0]
    assert await read_task(store, "a", "push") == task
