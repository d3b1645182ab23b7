"""The whole dispatcher in the test's process, over a real store: what is hard to bring about from outside."""

import asyncio
import gc

import pytest

from broker.metrics import Metrics
from broker.model.task import HttpRequest
from broker.store.attempts import AttemptStore
from tests.support.dispatching import create_task, new_dispatcher, partition_of, running_dispatcher
from tests.support.recorder import Recorder
from tests.support.seeds import HORIZON_US, a_task, queue_name, read_task, seed_queue, seed_tasks
from tests.support.waiting import eventually_async
from worker.held_attempt import HeldAttempt
from worker.http1.exchange import Exchange

LARGE = b"x" * 20_000
"""A body that does not come with its claim."""


@pytest.fixture
def recorder():
    with Recorder() as recorder:
        yield recorder


async def add_task(store, url, task_id="t", **fields):
    task = a_task(task_id, **fields)
    changed = type(task)(task.name, True, HttpRequest(url), **fields)
    await store.tasks.create(changed, horizon_us=HORIZON_US)


async def arrival(recorder, count, queue_id="q"):
    await asyncio.to_thread(recorder.wait_for, queue_id, count)


async def gone(store, task_id="t"):
    async def look():
        return await read_task(store, task_id) is None

    await eventually_async(look)


async def test_what_was_claimed_but_not_sent_is_given_back_at_the_stop(store, recorder):
    await seed_queue(store)
    await seed_tasks(store, "a", "b", "c")
    metrics = Metrics()
    node = await new_dispatcher(store, metrics)
    await node.start()
    await node.stop()
    assert metrics.registry.get_sample_value("headrace_claimed_tasks_total") == 3
    assert metrics.registry.get_sample_value("headrace_released_tasks_total") == 3
    for task_id in "abc":
        assert (await read_task(store, task_id)).dispatch_count == 0


async def test_what_was_heard_of_too_late_to_keep_its_lease_is_given_back(store, recorder, monkeypatch):
    await seed_queue(store)
    await add_task(store, recorder.url)
    claim, lease_s, late = AttemptStore.claim, 1.0, iter([True])

    async def heard_late(*arguments, **options):
        answer = await claim(*arguments, **options)
        if answer.tasks and next(late, False):
            await asyncio.sleep(0.75 * lease_s)
        return answer

    monkeypatch.setattr(AttemptStore, "claim", heard_late)
    metrics = Metrics()
    node = await new_dispatcher(store, metrics, lease_s=lease_s)
    await node.start()
    await gone(store)
    await node.stop()
    assert metrics.registry.get_sample_value("headrace_released_tasks_total") == 1
    (got,) = recorder.received()
    assert got.header("X-CloudTasks-TaskRetryCount") == "0"


async def test_a_large_task_whose_reading_takes_a_while_is_sent_all_the_same(store, recorder, monkeypatch):
    """Large ones are read a few at a time; if those that wait were given back, that would only repeat itself."""
    await seed_queue(store)
    for number in range(9):
        await create_task(store, HttpRequest(recorder.url, body=LARGE), f"t{number}")
    read, reading, most = AttemptStore.read, 0, 0

    async def slow(*arguments):
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0.15)
        reading -= 1
        return await read(*arguments)

    monkeypatch.setattr(AttemptStore, "read", slow)
    metrics = Metrics()
    node = await new_dispatcher(store, metrics)
    await node.start()
    await arrival(recorder, 9)
    await node.stop()
    assert metrics.registry.get_sample_value("headrace_released_tasks_total") == 0
    assert metrics.registry.get_sample_value("headrace_claimed_tasks_total") == 9
    assert 1 < most < 9


async def test_what_an_attempt_held_is_freed_with_it(store, recorder):
    """Not by the next collection of cycles, before which there may be hundreds of large bodies."""
    await seed_queue(store)
    async with running_dispatcher(store):
        gc.collect()
        gc.disable()
        try:
            for task_id, body in {"large": LARGE, "small": b""}.items():
                await create_task(store, HttpRequest(recorder.url, body=body), task_id)
                await gone(store, task_id)

            async def freed():
                return not any(isinstance(each, HeldAttempt | Exchange) for each in gc.get_objects())

            await eventually_async(freed)
        finally:
            gc.enable()


async def test_the_dispatch_deadline_ends_an_attempt(store, recorder):
    await seed_queue(store)
    await add_task(store, f"{recorder.url}/silent", dispatch_deadline_us=500_000)
    async with running_dispatcher(store):
        await arrival(recorder, 2)
        task = await read_task(store)
    assert (task.dispatch_count, task.response_count) == (2, 0)
    assert [got.header("X-CloudTasks-TaskPreviousResponse") for got in recorder.received()[:2]] == [None, "504"]
    assert recorder.cut_off("q") >= 1


async def test_a_damaged_record_is_a_failed_attempt_and_no_endless_loop(store, recorder, redis_client):
    await seed_queue(store)
    await add_task(store, recorder.url, "damaged")
    await add_task(store, recorder.url, "sound")
    (queue_id,) = redis_client.hvals(f"{{hr:{partition_of(store)}}}:ids")
    key = store.backend.keys.task(partition_of(store), queue_id.decode(), "damaged")
    redis_client.setrange(key, 111, b"\xff\xff\xff")  # the request's description
    metrics = Metrics()
    node = await new_dispatcher(store, metrics)
    await node.start()
    await arrival(recorder, 1)

    async def failed():
        labels = {"queue": str(queue_name()), "reason": "unsendable"}
        return metrics.registry.get_sample_value("headrace_retries_total", labels)

    await eventually_async(failed)
    await node.stop()
    assert metrics.registry.get_sample_value("headrace_claimed_tasks_total") == 2
    assert [got.task for got in recorder.received()] == ["sound"]


async def test_it_is_alive_while_claims_come_back_and_not_when_they_no_longer_do(store, monkeypatch):
    async with running_dispatcher(store, slow_poll_s=0.2) as node:

        async def ready():
            return node.is_ready()

        async def alive():
            return node.is_alive()

        await eventually_async(ready)
        assert node.is_alive()
        unwedged = asyncio.Event()
        waiting = 0
        claim = AttemptStore.claim

        async def wedged(*arguments, **options):
            nonlocal waiting
            waiting += 1
            await unwedged.wait()
            return await claim(*arguments, **options)

        async def all_wedged():
            return 0 < waiting == len(node._claimer._claims)

        monkeypatch.setattr(AttemptStore, "claim", wedged)
        try:
            await eventually_async(all_wedged)
            node._claimer.last_answer_s -= 60
            assert not node.is_alive()
        finally:
            unwedged.set()
        await eventually_async(alive)


async def test_a_full_dispatcher_is_alive(store, recorder):
    await seed_queue(store)
    await add_task(store, f"{recorder.url}/held")
    async with running_dispatcher(store, max_in_flight=1) as node:
        await arrival(recorder, 1)
        assert node.is_alive()
        recorder.release()
        await gone(store)


async def test_beside_a_queue_that_holds_its_share_another_is_served_when_it_is_due(store, recorder):
    """Claims skip the queue whose target does not answer. The slow poll is far away."""
    await seed_queue(store)
    for number in range(9):
        await add_task(store, f"{recorder.url}/held", f"t{number}")
    async with running_dispatcher(store, max_in_flight=8, slow_poll_s=1000, lease_s=3600) as node:
        await arrival(recorder, 7)

        async def skipping():
            return list(node._claimer._crowded) == [partition_of(store)] and not node._claimer._claims

        await eventually_async(skipping)
        beside = next(name for name in map(str, range(1000)) if partition_of(store, name) == partition_of(store))
        await seed_queue(store, beside)
        soon_us = await store.time_us() + 200_000
        await create_task(store, HttpRequest(recorder.url), queue_id=beside, schedule_us=soon_us)
        await arrival(recorder, 1, beside)
        recorder.release()


async def test_it_is_not_alive_when_one_of_its_loops_has_ended(store, monkeypatch):
    async def ends(_self):
        raise RuntimeError("a defect")

    monkeypatch.setattr("worker.ownership.Ownership.run", ends)
    node = await new_dispatcher(store)
    await node.start()
    await asyncio.sleep(0)
    assert not node.is_alive()
    await node.stop()
