"""Calls on leases whose answer was lost take place once, and answer as the first time."""

import pytest

from broker.store.outcomes import LeasesCapped, TaskMissing
from tests.support.lost_answers import LostAnswers
from tests.support.pulling import Worker, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import SECOND, queue_name
from tests.support.snapshot import partition_values


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def test_a_lease_answers_with_the_same_tasks(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2, c=3)
    await seed_pull_task(store, "large", 0, body=b"x" * 50_000)
    with LostAnswers("pull_lease") as lost:
        tasks = await worker.lease(3)
    assert lost.calls == 2
    assert [(task.name.task_id, task.dispatch_count) for task in tasks] == [("large", 1), ("a", 1), ("b", 1)]
    assert len(tasks[0].request.body) == 50_000
    assert (await store.queues.stats(queue_name())).executed_last_minute == 3
    await worker.renew(tasks[1], 5)


async def test_a_lease_leaves_out_what_was_taken_or_finished_meanwhile(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2, c=3)

    async def meanwhile() -> None:
        await store.tasks.delete(queue_name().task("a"))
        task = await store.tasks.get(queue_name().task("b"), "FULL")
        await worker.renew(task, 99)

    with LostAnswers("pull_lease", meanwhile=meanwhile):
        tasks = await worker.lease()
    assert ids(tasks) == ["c"]


async def test_a_lease_leaves_out_what_was_purged_meanwhile(store, worker):
    name = await seed_pull_queue(store)
    await seed_etas(store, a=1)
    with LostAnswers("pull_lease", meanwhile=lambda: store.queues.purge(name)):
        assert await worker.lease() == []


async def test_a_repeated_lease_is_not_capped(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    with LostAnswers("pull_lease"):
        assert ids(await worker.lease(cap=1)) == ["a"]
    with pytest.raises(LeasesCapped):
        await worker.lease(cap=1)


async def test_a_lease_that_did_not_run_runs(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    with LostAnswers("pull_lease", runs=False) as lost:
        assert ids(await worker.lease()) == ["a"]
    assert lost.calls == 2


async def test_a_renewal_answers_with_the_same_time(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    task = await worker.lease_one()

    async def later() -> None:
        clock.advance(1)

    with LostAnswers("pull_renew", meanwhile=later) as lost:
        renewed = await worker.renew(task, 20)
    assert lost.calls == 2
    assert renewed.schedule_us == clock.now_us + 19 * SECOND, "the time of the first run"
    await worker.renew(renewed)


@pytest.mark.parametrize("named", [True, False])
async def test_an_acknowledgement(store, worker, named):
    await seed_pull_queue(store)
    await seed_pull_task(store, "a", 1, named_by_user=named)
    task = await worker.lease_one()
    with LostAnswers("pull_acknowledge") as lost:
        if named:
            await worker.acknowledge(task)
        else:
            with pytest.raises(TaskMissing):  # nothing tells any more who deleted it
                await worker.acknowledge(task)
    assert lost.calls == 2
    assert not any(":e" in key for key in await partition_values(store))
