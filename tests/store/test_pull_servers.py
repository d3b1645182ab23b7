"""Pull queues on a server that is full or forgets its scripts, and on a cluster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from broker.errors import Code, HeadraceError
from broker.model.tag_filter import OldestTag
from broker.store.store import Store
from tests.support.invariants import check_invariants
from tests.support.pulling import Worker, ids, seed_etas, seed_pull_queue, seed_pull_task
from tests.support.seeds import queue_name


@asynccontextmanager
async def full_server(redis_client) -> AsyncIterator[None]:
    redis_client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis_client.config_set("maxmemory", 0)


async def test_work_goes_on_when_the_server_is_full(store, clock, redis_client):
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2)
    worker = Worker(store)
    async with full_server(redis_client):
        with pytest.raises(HeadraceError) as full:
            await seed_pull_task(store, "c")
        first, second = await worker.lease(cap=10)
        await worker.acknowledge(first)
        await worker.renew(second, 0)
        await store.tasks.delete(second.name)
    assert full.value.code is Code.RESOURCE_EXHAUSTED


async def test_forgotten_scripts_are_loaded_again(store, redis_client):
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    worker = Worker(store)
    redis_client.script_flush()
    task = await worker.lease_one()
    redis_client.script_flush()
    task = await worker.renew(task)
    redis_client.script_flush()
    await worker.acknowledge(task)


async def test_queues_on_every_node_of_a_cluster(cluster):
    cluster.flush()
    store = await Store.open(cluster.url)
    queue_ids = [f"q{number}" for number in range(12)]
    workers = [Worker(store, await seed_pull_queue(store, queue_id)) for queue_id in queue_ids]
    for queue_id in queue_ids:
        await seed_pull_task(store, f"of-{queue_id}", 1, queue_id=queue_id, tag=b"{x}")
    answers = await asyncio.gather(*(worker.lease(tags=OldestTag(), cap=1) for worker in workers))
    assert [ids(tasks) for tasks in answers] == [[f"of-{queue_id}"] for queue_id in queue_ids]
    for worker, (task,) in zip(workers, answers, strict=True):
        await worker.acknowledge(await worker.renew(task))
    assert (await store.queues.stats(queue_name("q0"))).executed_last_minute == 1
    await check_invariants(store)
    await store.close()
