"""What was sent again because its answer was lost takes place once and answers as the first time."""

import pytest

from broker.model.queue import QueueState
from broker.model.task import View
from broker.store.attempts import Settled
from broker.store.outcomes import TaskMissing
from tests.support.lost_answers import LostAnswers
from tests.support.seeds import HOUR, a_queue, queue_name, read_task, seed_queue, seed_task, seed_tasks, task_ids
from tests.support.snapshot import partition_values

NAME = queue_name().task("t")


async def test_create_queue(store):
    with LostAnswers("queue_create") as lost:
        await seed_queue(store)
    assert lost.calls == 2
    assert (await partition_values(store))["seq"]["id"] == 2


async def test_update_queue(store):
    await seed_queue(store)
    with LostAnswers("queue_update") as lost:
        await store.queues.update(queue_name(), lambda queue: a_queue(rate=3))
    assert lost.calls == 2
    assert (await store.queues.find(queue_name())).version == 2


async def test_pause_queue(store):
    await seed_queue(store)
    with LostAnswers("queue_set_state"):
        assert (await store.queues.set_state(queue_name(), QueueState.PAUSED)).state is QueueState.PAUSED


async def test_purge_queue(store):
    await seed_queue(store)
    with LostAnswers("queue_purge") as lost:
        await store.queues.purge(queue_name())
    assert lost.calls == 2
    assert list((await partition_values(store))["garbage"]) == ["1:2"]


async def test_delete_queue(store):
    await seed_queue(store)
    with LostAnswers("queue_delete") as lost:
        await store.queues.delete(queue_name(), tombstone_us=HOUR)
    assert lost.calls == 2


async def test_delete_task(store):
    await seed_queue(store)
    await seed_task(store)
    with LostAnswers("task_delete") as lost:
        await store.tasks.delete(NAME)
    assert lost.calls == 2
    with pytest.raises(TaskMissing):
        await store.tasks.delete(NAME)


async def test_run_task(store, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    with LostAnswers("task_run") as lost:
        task = await store.tasks.run(NAME, View.FULL)
    assert lost.calls == 2
    assert task.dispatch_count == 1
    assert task_ids(await dispatcher.claim()) == ["t"]


async def test_claim(store, dispatcher):
    await seed_queue(store, burst=10, rate=0.001)
    await seed_tasks(store, "a", "b", "c")
    with LostAnswers("attempt_claim") as lost:
        claim = await dispatcher.claim(2)
    assert lost.calls == 2
    assert len(claim.tasks) == 2
    values = await partition_values(store)
    assert len(values["1:l"]) == 2
    assert values["1"]["tokens"] == 8


async def test_renew(store, dispatcher):
    await seed_queue(store)
    await seed_task(store)
    task = await dispatcher.claim_one()
    with LostAnswers("attempt_renew"):
        assert await dispatcher.renew(task) == [True]


async def test_release(store, dispatcher):
    await seed_queue(store, burst=10, rate=0.001)
    await seed_tasks(store, "a", "b")
    tasks = (await dispatcher.claim()).tasks
    with LostAnswers("attempt_release"):
        await dispatcher.release(tasks[0])
    values = await partition_values(store)
    assert values["1"]["tokens"] == 9
    assert len(values["1:l"]) == 1


async def test_settle_takes_place_once_though_its_repetition_is_stale(store, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "t", "u")
    done, failed = (await dispatcher.claim()).tasks
    with LostAnswers("attempt_settle"):
        assert await dispatcher.settle(done) == [Settled.STALE]
    with LostAnswers("attempt_settle"):
        assert await dispatcher.fail(failed) == [Settled.STALE]
    assert await read_task(store) is None
    assert (await read_task(store, "u")).response_count == 1
