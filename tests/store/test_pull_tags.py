"""Leasing by tag (App Engine specification, 3.1): exact tags, the oldest tag, tasks without one; and what it costs."""

import pytest
import redis

from broker.model.tag_filter import OldestTag, Tag, TagFilter
from tests.support.pulling import Worker, ids, seed_pull_queue, seed_pull_task
from tests.support.seeds import START_US
from tests.support.snapshot import partition_values


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def seed_tagged(store, *tasks: tuple[str, int, bytes]) -> None:
    for name, eta_us, tag in tasks:
        await seed_pull_task(store, name, eta_us, tag=tag)


async def test_the_oldest_tag_and_exact_tags(store, worker):
    await seed_pull_queue(store)
    await seed_tagged(
        store,
        ("u1", 1990, b""),
        ("x1", 1991, b"x"),
        ("x2", 1992, b"x"),
        ("y1", 1993, b"y"),
        ("u2", 1994, b""),
        ("x3", 1995, b"x"),
        ("later", START_US + 1, b"z"),
    )
    assert ids(await worker.lease(10, tags=OldestTag())) == ["u1", "u2"], "the first has none"
    assert ids(await worker.lease(2, tags=OldestTag())) == ["x1", "x2"]
    assert ids(await worker.lease(tags=Tag(b"y"))) == ["y1"]
    assert ids(await worker.lease(tags=OldestTag())) == ["x3"]
    assert ids(await worker.lease(tags=OldestTag())) == []
    assert ids(await worker.lease(tags=Tag(b"z"))) == [], "it is not available yet"


async def test_the_oldest_tag_fills_the_answer_with_tasks_without_one(store, worker):
    await seed_pull_queue(store)
    await seed_tagged(store, ("u1", 1, b""), ("x", 2, b"x"), ("u2", 3, b""), ("u3", 4, b""))
    assert ids(await worker.lease(2, tags=OldestTag())) == ["u1", "u2"]


async def test_a_tag_is_compared_whole(store, worker):
    await seed_pull_queue(store)
    await seed_tagged(store, ("a", 1, b"ab"), ("b", 2, b"a"), ("c", 3, b"A"))
    assert ids(await worker.lease(tags=Tag(b"a"))) == ["b"]
    assert ids(await worker.lease(tags=Tag(b""))) == []


@pytest.mark.parametrize(
    "tag", [b"My test Tag", "カタカナ".encode(), b"\0\1\2\3", b"\xff\xfe", b":t:", b"{x}*", b"t" * 500, b"\n"]
)
async def test_tags_of_any_bytes(store, worker, tag):
    await seed_pull_queue(store)
    await seed_tagged(store, ("t", 1, tag))
    task = await worker.lease_one(tags=Tag(tag))
    assert task.request.tag == tag
    await worker.acknowledge(task)
    assert not any(":e" in key for key in await partition_values(store)), "no index is left"


async def test_a_leased_task_does_not_decide_the_tag(store, clock, worker):
    await seed_pull_queue(store)
    await seed_tagged(store, ("x", 1, b"x"), ("y", 2, b"y"))
    assert ids(await worker.lease(1, tags=OldestTag())) == ["x"]
    assert ids(await worker.lease(1, tags=OldestTag())) == ["y"]
    clock.advance(11)
    assert ids(await worker.lease(1, tags=OldestTag())) == ["x"], "its lease is over"


async def test_renewals_move_the_task_in_its_tag(store, clock, worker):
    await seed_pull_queue(store)
    await seed_tagged(store, ("x", 1, b"x"))
    await worker.renew(await worker.lease_one(), 0)
    clock.now_us += 1
    assert ids(await worker.lease(tags=Tag(b"x"))) == ["x"]


@pytest.mark.parametrize("tags", [Tag(b"mine"), OldestTag()])
async def test_the_cost_does_not_grow_with_other_tags(store, redis_client, worker, tags):
    """As many commands for 10 tasks of one tag alone as for 10 beside 100,000 tasks of 10,000 other tags."""
    await seed_pull_queue(store)
    await seed_tagged(store, *((f"mine{number}", number, b"mine") for number in range(21)))
    await worker.lease(1)
    before = await commands_of_a_lease(redis_client, worker, tags)
    seed_others(redis_client, 100_000, tags=10_000)
    assert await commands_of_a_lease(redis_client, worker, tags) == before
    redis_client.flushall()


async def commands_of_a_lease(client: redis.Redis, worker: Worker, tags: TagFilter) -> dict[str, int]:
    """How often the server ran each command, those within the script too, to lease 10 tasks."""
    client.config_resetstat()
    assert len(await worker.lease(10, tags=tags)) == 10
    calls = {name: figures["calls"] for name, figures in client.info("commandstats").items()}
    return {name: count for name, count in calls.items() if name not in ("cmdstat_info", "cmdstat_config|resetstat")}


def seed_others(client: redis.Redis, count: int, *, tags: int) -> None:
    """Tasks later than all others, as they stand in `eta` and by tag. Nothing may read them: they have no records."""
    names = {f"other{number}": START_US - count + number for number in range(count)}
    client.zadd("{hr:0}:1:e2", names)
    entries, pipeline = list(names.items()), client.pipeline(transaction=False)
    for number in range(tags):
        pipeline.zadd(f"{{hr:0}}:1:e2:t:other{number}", dict(entries[number::tags]))
    pipeline.execute()
