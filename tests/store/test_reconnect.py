"""A server that goes away under an open store, and callers that give up: the same store object goes on by itself."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from broker.errors import Code, HeadraceError
from broker.model.task import View
from broker.store.backend import StoreUnavailable
from broker.store.outcomes import TaskMissing
from broker.store.store import Store
from tests.support.invariants import check_invariants
from tests.support.seeds import Dispatcher, queue_name, seed_queue, seed_task
from tests.support.servers import Server, available_binaries
from tests.support.waiting import eventually_async

PARTITIONS = 4


@pytest.fixture(params=available_binaries())
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Its writes are on disk when it answers: synced every second, they may wait in the process that is killed."""
    server = Server(available_binaries()[request.param], "--appendonly", "yes", "--appendfsync", "always")
    yield server
    server.close()


@pytest.fixture
def store(runner: asyncio.Runner, server: Server) -> Iterator[Store]:
    store = runner.run(Store.open(server.url, partitions=PARTITIONS))
    yield store
    runner.run(check_invariants(store))
    runner.run(store.close())


async def test_what_was_acknowledged_before_a_kill_is_there_after_the_restart(server: Server, store: Store) -> None:
    await seed_queue(store, burst=100_000)
    acknowledged: set[str] = set()

    async def create_until_killed(worker: int) -> None:
        number = 0
        with suppress(HeadraceError):
            while True:
                number += 1
                await seed_task(store, f"{worker}-{number}")
                acknowledged.add(f"{worker}-{number}")

    workers = [asyncio.create_task(create_until_killed(worker)) for worker in range(20)]

    async def enough() -> bool:
        return len(acknowledged) > 500

    await eventually_async(enough)
    server.kill()
    await asyncio.gather(*workers)
    with pytest.raises(HeadraceError) as refused:
        await store.queues.get(queue_name())
    assert refused.value.code is Code.UNAVAILABLE
    server.start()
    for task_id in acknowledged:
        await store.tasks.get(queue_name().task(task_id), View.BASIC)
    delivered = await Dispatcher(store, partition=store.backend.keys.partition_of(queue_name())).drain()
    assert acknowledged <= set(delivered)


@pytest.mark.parametrize("view", View)
async def test_a_restart_within_the_retries_is_not_noticed(server: Server, store: Store, view: View) -> None:
    await seed_queue(store)
    await seed_task(store)
    server.kill()
    reads = [asyncio.create_task(store.tasks.get(queue_name().task("t"), view)) for _ in range(5)]
    await asyncio.to_thread(server.start)
    assert {(await read).name for read in reads} == {queue_name().task("t")}


async def test_deletes_under_way_when_the_server_is_killed_are_done_or_refused(server: Server, store: Store) -> None:
    await seed_queue(store)
    names = [queue_name().task(f"t{number}") for number in range(200)]
    await asyncio.gather(*(seed_task(store, name.task_id) for name in names))
    deletes = [asyncio.create_task(store.tasks.delete(name)) for name in names]
    await asyncio.wait(deletes, return_when=asyncio.FIRST_COMPLETED)
    server.kill()
    ends = await asyncio.gather(*deletes, return_exceptions=True)
    refused = [end for end in ends if end is not None]
    assert {type(end) for end in refused} == {StoreUnavailable}
    assert len(refused) < len(ends)
    server.start()
    for name, end in zip(names, ends, strict=True):
        if end is None:
            with pytest.raises(TaskMissing):
                await store.tasks.get(name, View.BASIC)
        else:
            with suppress(TaskMissing):  # its answer was lost
                await store.tasks.delete(name)
    tasks, _ = await store.tasks.page(queue_name(), View.BASIC, page_size=1000, token="")
    assert tasks == []


async def test_wake_ups_resume_after_a_restart(server: Server, store: Store) -> None:
    await seed_queue(store)
    partition = store.backend.keys.partition_of(queue_name())
    woken: set[int] = set()
    listener = asyncio.create_task(store.wakeups.listen(woken.add))

    async def all_woken() -> bool:
        return len(woken) == PARTITIONS

    async def one_woken() -> bool:
        return partition in woken

    await eventually_async(all_woken)  # by the subscription itself
    server.kill()
    woken.clear()
    server.start()
    await eventually_async(all_woken)  # by the new one, for what was missed
    woken.clear()
    await seed_task(store)
    await eventually_async(one_woken)
    listener.cancel()
    await asyncio.wait([listener])


async def test_callers_that_give_up_disturb_nobody(server: Server, store: Store) -> None:
    await seed_queue(store)
    await asyncio.gather(*(seed_task(store, f"t{number}") for number in range(100)))
    reads = [asyncio.create_task(store.tasks.get(queue_name().task(f"t{number}"), View.BASIC)) for number in range(100)]
    creates = [asyncio.create_task(seed_task(store, f"n{number}")) for number in range(100)]
    await asyncio.sleep(0)
    for task in reads[::2] + creates[::2]:
        task.cancel()
    ended = await asyncio.gather(*reads, *creates, return_exceptions=True)
    assert not [answer for answer in ended if isinstance(answer, Exception)]
    for number in range(1, 100, 2):
        await store.tasks.get(queue_name().task(f"n{number}"), View.BASIC)
