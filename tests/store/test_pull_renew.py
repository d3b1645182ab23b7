"""Renewing, ending and finishing leases: what proves them, what is too late (App Engine specification, 3.4 and 6)."""

from dataclasses import replace

import pytest

from broker.model.queue import QueueState
from broker.model.task import PullMessage, View
from broker.store.outcomes import (
    LeaseExpired,
    QueueMissing,
    QueueNotRunning,
    TaskMissing,
    WrongQueueKind,
)
from tests.support.pulling import Worker, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import SECOND, START_US, queue_name, seed_queue, seed_task
from tests.support.snapshot import Tombstone, changes, partition_values


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def leased(store, worker, seconds=30, **changed):
    await seed_pull_queue(store)
    await seed_pull_task(store, "t", 1, **changed)
    return await worker.lease_one(seconds)


async def test_a_renewal_counts_from_now(store, clock, worker):
    task = await leased(store, worker, tag=b"x", body=b"body")
    before = await partition_values(store)
    clock.advance(5)
    renewed = await worker.renew(task, 60)
    after = await partition_values(store)
    assert after["1:t:t"].pop("fence") != before["1:t:t"].pop("fence"), "it remembers the call"
    until_us = START_US + 65 * SECOND
    assert changes(before, after) == {
        "1:e2/t": until_us,
        "1:e2:t:x/t": until_us,
        "1:t:t/schedule_us": until_us,
    }
    assert (renewed.schedule_us, renewed.dispatch_count, renewed.request) == (until_us, 1, PullMessage(b"", b"x"))
    full = await worker.renew(renewed, 1, view=View.FULL)
    assert (full.schedule_us, full.request.body) == (START_US + 6 * SECOND, b"body"), "shorter is as legal"


@pytest.mark.parametrize("late_by_us", [1, 30 * SECOND])
async def test_a_lease_that_is_over_is_not_renewed_unless_the_caller_may_be_late(store, clock, worker, late_by_us):
    task = await leased(store, worker)
    clock.now_us = task.schedule_us + late_by_us
    with pytest.raises(LeaseExpired):
        await worker.renew(task)
    assert (await worker.renew(task, late_ok=True)).schedule_us == clock.now_us + 10 * SECOND


async def test_a_lease_can_be_renewed_at_its_very_end(store, clock, worker):
    task = await leased(store, worker)
    clock.now_us = task.schedule_us
    assert (await worker.renew(task, 5)).schedule_us == clock.now_us + 5 * SECOND


@pytest.mark.parametrize("off_by_us", [-1, 1])
@pytest.mark.parametrize("late_ok", [False, True])
async def test_another_time_proves_nothing(store, worker, off_by_us, late_ok):
    task = await leased(store, worker)
    wrong = replace(task, schedule_us=task.schedule_us + off_by_us)
    with pytest.raises(LeaseExpired):
        await worker.renew(wrong, late_ok=late_ok)
    with pytest.raises(LeaseExpired):
        await worker.acknowledge(wrong)
    assert await store.tasks.get(task.name, View.FULL) == task


async def test_the_old_time_is_dead_at_once(store, clock, worker):
    task = await leased(store, worker)
    await worker.renew(task, 60)
    with pytest.raises(LeaseExpired):
        await worker.renew(task, 60, late_ok=True)


async def test_a_lease_stolen_after_its_end_is_anothers(store, clock, worker):
    task = await leased(store, worker)
    clock.advance(31)
    stolen = await worker.lease_one(30)
    assert stolen.dispatch_count == 2
    for late_ok in (False, True):
        with pytest.raises(LeaseExpired):
            await worker.renew(task, late_ok=late_ok)
    with pytest.raises(LeaseExpired):
        await worker.acknowledge(task)
    await worker.acknowledge(stolen)


async def test_a_lease_given_back_can_be_taken_a_microsecond_later(store, clock, worker):
    task = await leased(store, worker)
    clock.advance(5)
    assert (await worker.renew(task, 0)).schedule_us == clock.now_us
    assert await worker.lease() == []
    clock.now_us += 1
    assert (await worker.lease_one()).dispatch_count == 2


async def test_whoever_knows_the_time_of_a_future_task_can_move_it(store, worker):
    await seed_pull_queue(store)
    task = await seed_pull_task(store, "t", START_US + 50 * SECOND)
    assert (await worker.renew(task, 5)).schedule_us == START_US + 5 * SECOND


async def test_a_renewal_without_a_proof_asks_only_that_the_lease_lasts(store, clock, worker):
    task = await leased(store, worker)
    assert (await worker.renew(task, 40, schedule_us=None)).schedule_us == START_US + 40 * SECOND
    clock.advance(41)
    with pytest.raises(LeaseExpired):
        await worker.renew(task, 40, schedule_us=None)


@pytest.mark.parametrize("named", [True, False])
async def test_acknowledged_tasks_are_gone(store, clock, worker, named):
    task = await leased(store, worker, named_by_user=named, tag=b"x")
    clock.advance(31)  # late, but nobody else has taken it
    await worker.acknowledge(task)
    values = await partition_values(store)
    assert [key for key in values if key.startswith("1:e")] == []
    assert isinstance(values.get("1:t:t"), Tombstone) is named
    for call in (worker.acknowledge, worker.renew):
        with pytest.raises(TaskMissing) as missing:
            await call(task)
        assert missing.value.tombstoned is named


async def test_a_task_that_never_was(store, worker):
    task = await leased(store, worker)
    other = replace(task, name=queue_name().task("other"))
    for call in (worker.acknowledge, worker.renew):
        with pytest.raises(TaskMissing) as missing:
            await call(other)
        assert not missing.value.tombstoned


async def test_a_paused_queue_refuses_where_asked_to(store, worker):
    task = await leased(store, worker)
    await store.queues.set_state(queue_name(), QueueState.PAUSED)
    with pytest.raises(QueueNotRunning):
        await worker.renew(task, require_running=True)
    await worker.renew(task, 20)


async def test_push_queues_and_missing_ones_have_no_leases(store, worker):
    await seed_queue(store)
    await seed_task(store)
    task = await store.tasks.get(queue_name().task("t"), View.FULL)
    for call in (worker.acknowledge, worker.renew):
        with pytest.raises(WrongQueueKind):
            await call(task)
    await store.queues.delete(queue_name(), tombstone_us=0)
    for call in (worker.acknowledge, worker.renew):
        with pytest.raises(QueueMissing):
            await call(task)


async def test_a_purged_queue_has_no_leases(store, clock, worker):
    task = await leased(store, worker)
    await store.queues.purge(queue_name())
    with pytest.raises(TaskMissing) as missing:
        await worker.acknowledge(task)
    assert missing.value.tombstoned
    clock.advance(31)
    await seed_etas(store, fresh=1)
    assert ids(await worker.lease()) == ["fresh"]
