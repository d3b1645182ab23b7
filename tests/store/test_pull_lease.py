"""Which tasks a lease takes, in which order, and what it does to them (App Engine specification, 3.1, 3.2 and 6)."""

import pytest

from broker.model.queue import QueueState
from broker.model.task import Attempt, PullMessage, View
from broker.store.outcomes import QueueMissing, QueueNotRunning, WrongQueueKind
from tests.support.pulling import Worker, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import DAY, SECOND, START_US, queue_name, seed_queue
from tests.support.snapshot import changes, partition_values


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


def at(*offsets_us: int) -> dict[str, int]:
    return dict(zip("cab", (START_US + offset_us for offset_us in offsets_us), strict=False))


async def test_the_earliest_are_leased_and_counted(store, worker):
    await seed_pull_queue(store)
    await seed_etas(store, c=START_US - 3, a=START_US - 1, b=START_US - 2, n=START_US, f=START_US + 1)
    tasks = await worker.lease(2)
    assert [(task.name.task_id, task.schedule_us - START_US, task.dispatch_count) for task in tasks] == [
        ("c", 10 * SECOND, 1),
        ("b", 10 * SECOND, 1),
    ]


async def test_a_task_is_available_after_its_time_and_not_at_it(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=START_US - 1, n=START_US, f=START_US + 2)
    assert ids(await worker.lease(seconds=0)) == ["a"]
    assert ids(await worker.lease()) == []
    clock.now_us += 1
    tasks = await worker.lease(seconds=5)
    assert [(task.name.task_id, task.dispatch_count) for task in tasks] == [("a", 2), ("n", 1)], "by name"


async def test_future_tasks_wait(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, **{f"t{second:02}": START_US + second * SECOND for second in range(16)})
    clock.advance(5.5)
    assert ids(await worker.lease()) == [f"t{second:02}" for second in range(6)]


async def test_leases_end_by_time_alone(store, clock, worker):
    await seed_pull_queue(store)
    names = [f"t{number}" for number in range(8)]
    await seed_etas(store, **{name: START_US + number for number, name in enumerate(names)})
    for now_s, max_tasks, seconds, expected in (
        (10, 2, 50, names[:2]),
        (20, 8, 50, names[2:]),
        (61, 5, 1, names[:2]),
        (200, 10, 1, None),
    ):
        clock.now_us = START_US + now_s * SECOND
        leased = ids(await worker.lease(max_tasks, seconds))
        assert leased == expected or (expected is None and sorted(leased) == names)


async def test_equal_times_go_by_the_bytes_of_the_names(store, clock, worker):
    await seed_pull_queue(store)
    for name in ("b", "a-", "B", "a", "_", "10", "9"):
        await seed_pull_task(store, name, START_US)
    clock.advance(1)
    assert ids(await worker.lease()) == ["10", "9", "B", "_", "a", "a-", "b"]


async def test_a_task_is_never_twice_in_an_answer(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=0, b=1)
    assert ids(await worker.lease(3, 0.001)) == ["a", "b"]


async def test_what_a_lease_changes(store, clock, worker):
    await seed_pull_queue(store)
    await seed_pull_task(store, "t", START_US, tag=b"x", body=b"hello")
    clock.advance(2)
    before = await partition_values(store)
    task = await worker.lease_one()
    ends_us = START_US + 12 * SECOND
    after = await partition_values(store)
    assert after["1:t:t"].pop("fence") != before["1:t:t"].pop("fence"), "it remembers the call"
    assert changes(before, after) == {
        "1:e2/t": ends_us,
        "1:e2:t:x/t": ends_us,
        "1:t:t/dispatches": 1,
        "1:t:t/first_dispatch_us": START_US + 2 * SECOND,
        "1:t:t/last_dispatch_us": START_US + 2 * SECOND,
        "1:t:t/last_schedule_us": START_US,
        "1:t:t/schedule_us": ends_us,
    }
    assert task == await store.tasks.get(task.name, View.FULL)
    assert (task.request, task.schedule_us, task.dispatch_count) == (PullMessage(b"hello", b"x"), ends_us, 1)
    assert task.last_attempt == Attempt(START_US + 2 * SECOND, START_US)
    assert task.dispatch_deadline_us is None


async def test_a_basic_view_leaves_the_body_out(store, clock, worker):
    await seed_pull_queue(store)
    await seed_pull_task(store, "t", tag=b"x", body=b"y" * 20_000)
    clock.advance(1)
    task = await worker.lease_one(view=View.BASIC)
    assert (task.request, task.view) == (PullMessage(b"", b"x"), View.BASIC)


async def test_bodies_of_every_size_arrive(store, clock, worker):
    await seed_pull_queue(store)
    sizes = [0, 1, 16_384 - 111, 16_385 - 111, 100_000, 1_000_000]
    for size in sizes:
        await seed_pull_task(store, f"t{size}", body=b"b" * size, tag=b"t" * 500)
    clock.advance(1)
    tasks = await worker.lease()
    assert {task.name.task_id: len(task.request.body) for task in tasks} == {f"t{size}": size for size in sizes}
    assert {task.request.tag for task in tasks} == {b"t" * 500}


async def test_a_thousand_tasks_at_once(store, clock, worker):
    await seed_pull_queue(store)
    for number in range(1100):
        await seed_pull_task(store, f"t{number:04}", START_US, body=b"b" * 1024)
    clock.advance(1)
    assert len(await worker.lease(1000)) == 1000
    assert len(await worker.lease(1000)) == 100


async def test_the_answer_holds_so_many_bytes_but_at_least_one_task(store, clock, worker):
    await seed_pull_queue(store)
    for name in "abcde":
        await seed_pull_task(store, name, START_US, body=b"b" * 20_000, tag=b"tags are not counted")
    clock.advance(1)
    assert ids(await worker.lease(most_bytes=1)) == ["a"]
    assert ids(await worker.lease(most_bytes=2 * (20_000 + 64))) == ["b", "c"]
    assert ids(await worker.lease(most_bytes=2 * (20_000 + 64) - 1, view=View.BASIC)) == ["d", "e"], "bodies only"


async def test_tasks_are_counted_as_they_are_handed_out(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=0, b=1, c=2)
    await worker.lease(2, 1)
    clock.advance(61)
    await worker.lease(1, 1)
    stats = await store.queues.stats(queue_name())
    assert (stats.tasks, stats.executed_last_minute, stats.executed_last_hour, stats.sampling_s) == (3, 1, 3, 61)


async def test_the_statistics_show_the_earliest_time(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, a=START_US - 2, b=START_US - 1, c=START_US + 5 * SECOND)
    await worker.lease(2, 60)
    stats = await store.queues.stats(queue_name())
    assert (stats.tasks, stats.next_us) == (3, START_US + 5 * SECOND)


@pytest.mark.parametrize("state", [QueueState.PAUSED, QueueState.DISABLED])
async def test_a_queue_that_does_not_run_refuses_where_asked_to(store, clock, worker, state):
    name = await seed_pull_queue(store)
    await seed_etas(store, a=0)
    await store.queues.set_state(name, state)
    with pytest.raises(QueueNotRunning):
        await worker.lease(require_running=True)
    assert ids(await worker.lease()) == ["a"]


async def test_push_queues_and_missing_ones_lease_nothing(store, worker):
    with pytest.raises(QueueMissing):
        await worker.lease()
    await seed_queue(store)
    with pytest.raises(WrongQueueKind):
        await worker.lease()


async def test_tasks_of_pull_queues_are_not_dispatched(store, clock, dispatcher):
    await seed_pull_queue(store)
    await seed_etas(store, a=0)
    clock.advance(1)
    await store.upkeep.refresh(0, "")
    claim = await dispatcher.claim()
    assert (claim.tasks, claim.delay_us) == ([], None)


async def test_a_week_is_not_too_long_for_a_task_that_lives_a_day(store, clock, worker):
    await seed_pull_queue(store, task_ttl_us=DAY)
    await seed_pull_task(store, "t")
    clock.advance(1)
    task = await worker.lease_one(7 * 86_400)
    assert task.schedule_us == START_US + SECOND + 7 * DAY
    clock.advance(86_400)
    assert await worker.lease() == []
    assert (await store.queues.stats(queue_name())).tasks == 0, "the lease that met it has dropped it"
