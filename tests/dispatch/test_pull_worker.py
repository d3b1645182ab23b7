"""Pull workers on a real store: leases in batches, renewals, acknowledgements, endings."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest

from broker.model.queue import QueueKind, QueueState
from broker.model.tag_filter import OldestTag, Tag
from broker.model.task import PullMessage
from broker.store.store import Store
from tests.support.seeds import queue_name, read_task, seed_queue, seed_task
from tests.support.servers import Server, available_binaries
from tests.support.waiting import eventually_async
from worker.pull.leases import Leases
from worker.pull.runner import PullRunner

QUEUE = queue_name()


class CountedLeases(Leases):
    """Leases that remember how many tasks each call asked for and got."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.calls = []

    async def take(self, count):
        tasks = await super().take(count)
        self.calls.append((count, len(tasks)))
        return tasks


@pytest.fixture
def queue(runner, store):
    runner.run(seed_queue(store, kind=QueueKind.PULL))


async def seed(store, *ids, tag=b""):
    for task_id in ids:
        await seed_task(store, task_id, request=PullMessage(f"body of {task_id}".encode(), tag))


@asynccontextmanager
async def working(store, handler, *, tags=None, lease_s=30.0, retry_s=10.0, **options) -> AsyncIterator[PullRunner]:
    """A worker at work; drained at the end."""
    leases = CountedLeases(store, QUEUE, tags=tags, lease_s=lease_s, retry_s=retry_s, calls_per_second=0)
    worker = PullRunner(leases, handler, slow_poll_s=0.1, **options)
    worker.leases = leases
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def until(condition):
    """Waits until a plain condition holds."""

    async def look():
        return condition()

    return eventually_async(look)


async def tasks_left(store):
    tasks, _ = await store.tasks.page(QUEUE, "BASIC", page_size=1000, token="")
    return {task.name.task_id for task in tasks}


@pytest.mark.parametrize("kind", ["function", "coroutine function"])
async def test_every_task_is_handled_once_and_acknowledged(store, queue, kind):
    ids = {f"task-{number}" for number in range(50)}
    await seed(store, *ids, tag=b"x")
    seen, threads = [], set()

    def handle(task):
        seen.append((task.name.task_id, task.request, task.dispatch_count))
        threads.add(threading.get_ident())

    async def handle_async(task):
        handle(task)

    async with working(store, handle if kind == "function" else handle_async, concurrency=4) as worker:
        await until(lambda: worker.progress.done == 50)
    assert sorted(seen) == sorted((task_id, PullMessage(f"body of {task_id}".encode(), b"x"), 1) for task_id in ids)
    assert (threading.get_ident() in threads) == (kind != "function")
    assert await tasks_left(store) == set()
    assert str(worker.progress) == "done=50 failed=0 lost=0 running=0"


async def test_quick_tasks_come_in_large_batches(store, queue):
    await seed(store, *(f"task-{number}" for number in range(500)))

    async def handle(task):
        pass

    async with working(store, handle, batch=100) as worker:
        await until(lambda: worker.progress.done == 500)
    got = [taken for _, taken in worker.leases.calls if taken]
    assert max(got) == 100
    assert len(got) < 25


async def test_slow_tasks_are_left_to_others(store, queue):
    await seed(store, *(f"task-{number}" for number in range(10)))
    held = asyncio.Event()

    async def handle(task):
        await held.wait()

    async with working(store, handle, concurrency=3) as worker:
        await until(lambda: worker.progress.running == 3)
        assert worker.progress.leased == 3
        held.set()


@pytest.mark.parametrize(("tags", "handled"), [(Tag(b"b"), {"b1", "b2"}), (Tag(b""), {"none"})])
async def test_only_tasks_with_the_tag(store, queue, tags, handled):
    for task_id, tag in (("a1", b"a"), ("b1", b"b"), ("none", b""), ("b2", b"b")):
        await seed(store, task_id, tag=tag)
    seen = set()

    async def handle(task):
        seen.add(task.name.task_id)

    async with working(store, handle, tags=tags) as worker:
        await until(lambda: worker.progress.done == len(handled) and worker.leases.calls[-1][1] == 0)
    assert seen == handled


async def test_oldest_tag_first(store, queue):
    for number, tag in enumerate([b"a", b"b", b"a", b"b"]):
        await seed_task(
            store, f"t{number}", request=PullMessage(b"", tag), schedule_us=1 + number, keeps_past_schedule=True
        )
    seen = []

    async def handle(task):
        seen.append(task.name.task_id)

    async with working(store, handle, tags=OldestTag(), concurrency=1, batch=10) as worker:
        await until(lambda: worker.progress.done == 4)
    assert seen[0] == "t0"
    assert sorted(seen) == ["t0", "t1", "t2", "t3"]


async def test_a_failed_task_comes_back(store, queue):
    await seed(store, "t")
    leases = []

    def handle(task):
        leases.append(task.dispatch_count)
        if len(leases) < 3:
            raise ValueError("not yet")

    async with working(store, handle, retry_s=0) as worker:
        await until(lambda: worker.progress.done == 1)
    assert leases == [1, 2, 3]
    assert (worker.progress.failed, await tasks_left(store)) == (2, set())


async def test_a_failed_task_is_left_alone_for_a_while(store, queue):
    await seed(store, "t")

    def handle(task):
        raise ValueError

    async with working(store, handle, retry_s=1000) as worker:
        await until(lambda: worker.progress.failed == 1)
    assert (await read_task(store)).schedule_us > await store.time_us() + 900_000_000


async def test_the_lease_of_a_running_task_is_renewed(store, queue):
    await seed(store, "t")
    may_end = asyncio.Event()
    seen = []

    async def handle(task):
        seen.append(task.name.task_id)
        await may_end.wait()

    async with working(store, handle, lease_s=2) as worker, working(store, handle, lease_s=2) as other:
        ends = set()

        async def renewed():
            ends.add((await read_task(store)).schedule_us)
            return max(ends) - min(ends) > 3_000_000  # by far more than a lease

        await eventually_async(renewed)
        may_end.set()
        await until(lambda: worker.progress.done + other.progress.done == 1)
    assert seen == ["t"]
    assert (worker.progress.lost, other.progress.lost) == (0, 0)


async def test_a_task_that_is_gone_is_aborted(store, queue):
    await seed(store, "t")
    aborted = asyncio.Event()

    async def handle(task):
        try:
            await asyncio.Event().wait()
        finally:
            aborted.set()

    async with working(store, handle, lease_s=0.5) as worker:
        await until(lambda: worker.progress.running == 1)
        await store.tasks.delete(QUEUE.task("t"))
        async with asyncio.timeout(15):
            await aborted.wait()
        await until(lambda: worker.progress.running == 0)
    assert (worker.progress.lost, worker.progress.failed) == (1, 0)


async def test_a_worker_that_stops_finishes_what_runs_and_gives_back_the_rest(store, queue):
    await seed(store, *(f"task-{number}" for number in range(8)))
    may_end = asyncio.Event()
    handled = []

    async def handle(task):
        handled.append(task.name.task_id)
        await may_end.wait()

    leases = Leases(store, QUEUE, calls_per_second=0)
    worker = PullRunner(leases, handle, concurrency=2)
    for _ in range(10):
        worker._pace.ended(asyncio.get_running_loop().time())  # quick tasks before: it asks for more than it can begin
    running = asyncio.create_task(worker.run())
    await until(lambda: worker.progress.running == 2)
    running.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    left = await tasks_left(store)
    assert (len(handled), len(left)) == (2, 6)
    assert await store.time_us() >= max([(await read_task(store, task_id)).schedule_us for task_id in left])
    assert str(worker.progress) == "done=2 failed=0 lost=0 running=0"


async def test_what_outlasts_the_drain_is_aborted_and_comes_back(store, queue):
    await seed(store, "t")

    async def handle(task):
        await asyncio.Event().wait()

    async with working(store, handle, drain_s=0.05, retry_s=0) as worker:
        await until(lambda: worker.progress.running == 1)
    assert (worker.progress.failed, await tasks_left(store)) == (1, {"t"})
    assert (await read_task(store)).schedule_us <= await store.time_us()


async def test_a_paused_queue_is_left_alone(store, queue, caplog):
    await store.queues.set_state(QUEUE, QueueState.PAUSED)
    await seed(store, "t")
    seen = []

    async def handle(task):
        seen.append(task.name.task_id)

    async with working(store, handle) as worker:
        await until(lambda: "the queue is paused or disabled" in caplog.text)
        assert seen == []
        await store.queues.set_state(QUEUE, QueueState.RUNNING)
        await until(lambda: worker.progress.done == 1)
    assert caplog.text.count("paused") == 1


async def test_a_store_that_stands_still_is_waited_for():
    """What is done meanwhile is acknowledged afterwards, and handled only once."""
    with closing(Server(next(iter(available_binaries().values())))) as server:
        store = await Store.open(server.url, partitions=1)
        await seed_queue(store, kind=QueueKind.PULL)
        await seed(store, "a", "b")
        may_end, seen = asyncio.Event(), []

        async def handle(task):
            seen.append(task.name.task_id)
            await may_end.wait()

        async with working(store, handle, concurrency=2) as worker:
            await until(lambda: worker.progress.running == 2)
            server.freeze()
            may_end.set()
            await until(lambda: worker.progress.running == 0)
            assert worker.progress.done == 0
            server.thaw()
            await until(lambda: worker.progress.done == 2)
            await seed(store, "c")
            await until(lambda: worker.progress.done == 3)
        await store.close()
    assert sorted(seen) == ["a", "b", "c"]
