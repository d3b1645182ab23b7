"""A server that forgets its scripts, is full, or is not fit for the store."""

import asyncio

import pytest

from broker.errors import Code, HeadraceError, StartupError
from broker.model.queue import QueueState
from broker.model.task import View
from broker.store.attempts import Settled
from broker.store.store import Store
from tests.support.seeds import (
    HOUR,
    START_US,
    a_queue,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)


async def test_forgotten_scripts_are_loaded_again_within_a_pipeline(store, redis_client):
    await seed_queue(store)
    await seed_tasks(store, *map(str, range(21)))
    redis_client.script_flush()
    answers = await asyncio.gather(
        *(store.tasks.get(queue_name().task(str(number)), View.BASIC) for number in range(20)),
        store.queues.get(queue_name()),
        store.tasks.run(queue_name().task("3"), View.BASIC),
        seed_task(store, "new"),
        store.tasks.delete(queue_name().task("20")),
        *(store.time_us() for _ in range(3)),
    )
    assert [answer.name.task_id for answer in answers[:20]] == list(map(str, range(20)))
    assert answers[20] == a_queue()
    assert answers[21].dispatch_count == 1
    assert await read_task(store, "new")
    assert await read_task(store, "20") is None


async def test_scripts_may_be_forgotten_at_any_moment(store, dispatcher, redis_client):
    await seed_queue(store)
    for number in range(5):
        redis_client.script_flush()
        await seed_task(store, str(number))
        redis_client.script_flush()
        task = await dispatcher.claim_one()
        redis_client.script_flush()
        assert await dispatcher.settle(task) == [Settled.DONE]


@pytest.fixture
def fill(redis_client):
    """Makes the server full, until the test ends or says otherwise."""
    yield lambda full=True: redis_client.config_set("maxmemory", 1 if full else 0)
    redis_client.config_set("maxmemory", 0)


async def refused(call):
    with pytest.raises(HeadraceError) as problem:
        await call
    assert problem.value.code == Code.RESOURCE_EXHAUSTED
    assert "maxmemory" in problem.value.message


async def test_a_full_server_refuses_what_adds_and_goes_on_with_the_rest(store, clock, dispatcher, fill):
    await seed_queue(store)
    await seed_queue(store, "other")
    await seed_tasks(store, "a-done", "b-failed", "c-released", "d-renewed", "e-deleted")
    await seed_task(store, "forced", "other", schedule_us=START_US + HOUR)
    fill()
    await refused(seed_task(store, "new"))
    await refused(seed_queue(store, "new"))
    claim = await dispatcher.claim(4)
    done, failed, released, renewed = claim.tasks
    assert await dispatcher.settle(done) == [Settled.DONE]
    assert await dispatcher.fail(failed) == [Settled.RETRY]
    assert await dispatcher.renew(renewed) == [True]
    await dispatcher.release(released)
    await store.tasks.delete(queue_name().task("e-deleted"))
    await store.tasks.run(queue_name("other").task("forced"), View.BASIC)
    assert "forced" in task_ids(await dispatcher.claim())
    await store.tasks.page(queue_name(), View.FULL, page_size=10, token="")
    await store.nodes.beat("me", silence_us=1)
    for state in (QueueState.PAUSED, QueueState.RUNNING):
        await store.queues.set_state(queue_name(), state)
    await store.queues.update(queue_name(), lambda _: a_queue(rate=9))
    await store.queues.purge(queue_name())
    await store.queues.delete(queue_name("other"), tombstone_us=HOUR)
    await store.upkeep.sweep(0)
    await store.upkeep.refresh(0, "")
    fill(False)
    await seed_task(store, "new")
    assert await read_task(store, "new")


async def test_a_full_server_can_be_opened(redis_url, redis_client, fill, store):
    fill()
    again = await Store.open(redis_url, partitions=1)
    await again.close()


async def test_a_store_of_another_number_of_partitions_is_refused(redis_url, store):
    with pytest.raises(StartupError, match=r"^the store was made with 1 partitions, not 8: set HEADRACE_PARTITIONS=1$"):
        await Store.open(redis_url, partitions=8)


async def test_a_store_of_another_layout_is_refused(redis_url, redis_client, store):
    redis_client.hset("{hr}:meta", "layout", "99")
    with pytest.raises(StartupError, match="upgrade this node"):
        await Store.open(redis_url, partitions=1)


async def test_namespaces_do_not_see_each_other(redis_url, redis_client, store):
    other = await Store.open(redis_url, namespace="other", partitions=4)
    await seed_queue(store)
    assert await other.queues.count(queue_name().parent) == 0
    await seed_queue(other)
    await other.close()
    assert redis_client.exists("{other}:meta", "{hr}:meta") == 2


async def test_a_server_that_would_evict_tasks_is_refused(redis_url, redis_client):
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StartupError, match="set maxmemory-policy to noeviction"):
            await Store.open(redis_url)
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "redis://:secret@127.0.0.1:1", "http://x", "", "nonsense"])
async def test_a_server_that_is_not_there_or_no_server_at_all(url):
    with pytest.raises(StartupError) as problem:
        await Store.open(url)
    assert "\n" not in str(problem.value)
    assert "secret" not in str(problem.value)


async def test_live_nodes_hear_of_each_other_and_forget_the_silent(store, clock):
    assert await store.nodes.beat("a", silence_us=5) == ["a"]
    assert sorted(await store.nodes.beat("b", silence_us=5)) == ["a", "b"]
    clock.now_us += 5
    assert await store.nodes.beat("b", silence_us=5) == ["b"]
    clock.now_us -= 100
    assert await store.nodes.beat("a", silence_us=5) == ["a"], "a beat from the future is no beat"
    assert await store.nodes.beat("a", silence_us=5, alive=False) == []


async def test_a_secret_is_made_once(store):
    made = iter([b"first", b"second"])
    answers = await asyncio.gather(*(store.secrets.get_or_create("key", lambda: next(made)) for _ in range(2)))
    assert set(answers) == {b"first"}
    assert await store.secrets.get_or_create("key", lambda: b"third") == b"first"
