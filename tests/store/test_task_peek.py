"""The tasks that come first in a queue."""

import pytest

from broker.model.task import View
from broker.store.outcomes import QueueMissing
from tests.support.seeds import queue_name, seed_queue, seed_task, seed_tasks


async def test_by_time_and_then_by_name(store, clock):
    await seed_queue(store)
    for task_id, delay_s in (("late", 9), ("b", 5), ("a", 5), ("early", 1)):
        await seed_task(store, task_id, schedule_us=clock.now_us + delay_s * 1_000_000)
    tasks = await store.tasks.earliest(queue_name("q"), 3)
    assert [task.name.task_id for task in tasks] == ["early", "a", "b"]
    assert {(task.view, task.request.body) for task in tasks} == {(View.BASIC, b"")}


async def test_what_was_purged_is_not_there(store):
    await seed_queue(store)
    await seed_tasks(store, "a", "b")
    await store.queues.purge(queue_name("q"))
    assert await store.tasks.earliest(queue_name("q"), 10) == []


async def test_a_queue_that_is_missing(store):
    with pytest.raises(QueueMissing):
        await store.tasks.earliest(queue_name("q"), 10)
