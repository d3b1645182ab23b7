"""The janitor's visits: what they repair, and that they cost the same for any number of idle queues."""

import pytest

from broker.store import upkeep
from tests.support.dispatching import partition_of
from tests.support.seeds import queue_name, seed_queue, seed_task
from worker.janitor import Janitor
from worker.ownership import Ownership

PARTITION = 5


@pytest.fixture
def janitor(store):
    return Janitor(store.upkeep, Ownership(store.nodes, "me", store.backend.keys.partitions))


def beside(store, count):
    """Names of so many queues that live in one partition."""
    names = (f"q{number}" for number in range(100_000))
    found = (name for name in names if partition_of(store, name) == PARTITION)
    return [next(found) for _ in range(count)]


def due_queues(store, redis_client):
    return redis_client.zcard(f"{store.backend.keys.prefix(PARTITION)}:due")


async def commands_of_a_visit(janitor, redis_client):
    redis_client.config_resetstat()
    await janitor.visit(PARTITION)
    stats = redis_client.info("commandstats")
    return sum(one["calls"] for name, one in stats.items() if name not in ("cmdstat_info", "cmdstat_config|resetstat"))


async def test_idle_queues_beyond_a_few_cost_no_commands(store, redis_client, janitor):
    names = beside(store, 8 * upkeep._STEP_QUEUES)
    await janitor.visit(PARTITION)  # the server knows the scripts from now on
    for name in names[: 2 * upkeep._STEP_QUEUES]:
        await seed_queue(store, name)
    few = await commands_of_a_visit(janitor, redis_client)
    for name in names[2 * upkeep._STEP_QUEUES :]:
        await seed_queue(store, name)
    assert await commands_of_a_visit(janitor, redis_client) == few


async def test_visit_by_visit_every_queue_is_put_right(store, redis_client, janitor):
    names = beside(store, 2 * upkeep._STEP_QUEUES + 1)
    for name in names:
        await seed_queue(store, name)
        await seed_task(store, queue_id=name)
    redis_client.delete(f"{store.backend.keys.prefix(PARTITION)}:due")
    found = []
    for _ in range(3):
        await janitor.visit(PARTITION)
        found.append(due_queues(store, redis_client))
    assert found == [upkeep._STEP_QUEUES, 2 * upkeep._STEP_QUEUES, len(names)]


async def test_a_visit_frees_all_garbage(store, redis_client, janitor, monkeypatch):
    monkeypatch.setattr(upkeep, "_STEP_RECORDS", 2)
    (name,) = beside(store, 1)
    await seed_queue(store, name)
    for number in range(7):
        await seed_task(store, f"t{number}", name, named=False)
    await store.queues.purge(queue_name(name))
    await janitor.visit(PARTITION)
    assert not redis_client.keys(f"{store.backend.keys.prefix(PARTITION)}*:t:*")
