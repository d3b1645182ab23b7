"""What the metrics read from the store: how long queues wait for a dispatcher, and how full the servers are."""

from contextlib import closing

import pytest

from broker.model.queue import QueueState
from broker.store.backend import StoreUnavailable
from broker.store.store import Store
from tests.support.seeds import queue_name, seed_queue, seed_task, seed_tasks
from tests.support.servers import Server, available_binaries


async def overdue_s(store: Store) -> float:
    (depth,) = await store.queues.depths(limit=10)
    return depth.overdue_us / 1e6


async def test_a_queue_is_overdue_from_the_moment_it_could_dispatch(store, clock, dispatcher):
    await seed_queue(store)
    assert await overdue_s(store) == 0
    await seed_task(store)
    clock.advance(7)
    assert await overdue_s(store) == 7
    await dispatcher.claim()
    assert await overdue_s(store) == 0


async def test_what_waits_for_its_own_limits_is_not_overdue(store, clock, dispatcher):
    await seed_queue(store, rate=0.1, burst=1)
    await seed_tasks(store, "1", "2")
    assert len((await dispatcher.claim()).tasks) == 1
    clock.advance(9)
    assert await overdue_s(store) == 0
    clock.advance(4)
    assert await overdue_s(store) == pytest.approx(3, abs=0.001)


async def test_a_paused_queue_is_not_overdue(store, clock):
    await seed_queue(store)
    await seed_task(store)
    await store.queues.set_state(queue_name(), QueueState.PAUSED)
    clock.advance(60)
    assert await overdue_s(store) == 0


async def test_memory_of_a_server():
    with closing(Server(next(iter(available_binaries().values())), "--maxmemory", "100mb")) as server:
        store = await Store.open(server.url)
        (memory,) = await store.memory()
        assert memory.address == f"127.0.0.1:{server.port}"
        assert memory.limit_bytes == 100 * 1024 * 1024
        assert 0 < memory.used_bytes < memory.limit_bytes
        server.kill()
        with pytest.raises(StoreUnavailable):
            await store.memory()
        await store.close()


async def test_memory_of_a_cluster(cluster):
    store = await Store.open(cluster.url)
    found = {memory.address: memory for memory in await store.memory()}
    assert found.keys() == {f"127.0.0.1:{node.port}" for node in cluster.nodes}
    assert all(memory.used_bytes > 0 and memory.limit_bytes == 0 for memory in found.values())
    await store.close()
