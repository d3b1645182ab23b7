"""Rates are exact for any number of dispatchers: judged by the dispatch times that Redis has noted.

The targets answer 500 and the retries are far away, so that each task stays and tells when it was dispatched. Slow
polls are so rare that a queue which depends on them would not get through its tasks within the test's deadline.
"""

import asyncio
import math
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from broker.model.bucket import default_burst
from broker.model.queue import QueueState
from broker.model.retry import RetryConfig
from broker.model.task import HttpRequest, View
from broker.store.store import Store
from tests.support.dispatching import create_task, running_dispatcher
from tests.support.rates import ROUNDING, Limit, unused_s, worst_excess
from tests.support.seeds import HOUR, queue_name, seed_queue
from tests.support.targets import listening, read_request
from tests.support.waiting import eventually_async

RATES = (0.5, 5, 50, 500)
SATURATED_S = 3
SLOW_POLL_S = 5
"""The default. So much of a run may get lost on a machine that stands still at times."""
DEADLINE_S = 60
FAILED = b"HTTP/1.1 500 Failed\r\nContent-Length: 0\r\n\r\n"
NO_RETRY_SOON = RetryConfig(min_backoff_us=HOUR, max_backoff_us=HOUR)


@dataclass
class Failing:
    """A target that answers 500 to whatever comes, and counts it by path."""

    url: str = ""
    arrived: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader, writer):
        while True:
            request = await read_request(reader)
            self.arrived[request.split(b" ", 2)[1].decode().strip("/")] += 1
            writer.write(FAILED)

    async def wait_for(self, queue_id, count):
        async def look():
            return self.arrived[queue_id] >= count

        await eventually_async(look, DEADLINE_S)


@pytest.fixture
def target(runner):
    """Listens as long as the test's event loop runs."""
    failing = Failing()
    serving = listening(failing.serve)
    failing.url = f"http://127.0.0.1:{runner.run(serving.__aenter__()).port}"
    yield failing
    runner.run(serving.__aexit__(None, None, None))


@asynccontextmanager
async def dispatchers(redis_url, count):
    """So many dispatchers, each with connections of its own."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            store = await Store.open(redis_url)
            stack.push_async_callback(store.close)
            await stack.enter_async_context(running_dispatcher(store, lease_s=600, slow_poll_s=60))
        yield


async def fill_queue(store, target, rate, tasks):
    """A paused queue of that rate with so many tasks that are due; its id and its first limit."""
    queue_id, limit = f"queue-{rate:g}".replace(".", "-"), Limit(0, rate, default_burst(rate))
    await seed_queue(store, queue_id, rate=rate, burst=limit.burst, retry_config=NO_RETRY_SOON, state=QueueState.PAUSED)
    request = HttpRequest(f"{target.url}/{queue_id}")
    await asyncio.gather(*(create_task(store, request, f"t{number}", queue_id) for number in range(tasks)))
    return queue_id, limit


async def resume(store, queue_id, limit):
    """Let a queue dispatch; its limit from that moment on."""
    now_us = await store.time_us()
    await store.queues.set_state(queue_name(queue_id), QueueState.RUNNING)
    return replace(limit, from_us=now_us)


async def change(store, queue_id, before, rate):
    """Give a running queue another rate. Which one was in force while that was done is open: the greater is allowed."""
    after = Limit(0, rate, default_burst(rate))
    begun_us = await store.time_us()
    await store.queues.update(
        queue_name(queue_id),
        lambda queue: replace(
            queue,
            rate_limits=replace(queue.rate_limits, max_dispatches_per_second=after.rate, max_burst_size=after.burst),
        ),
    )
    ended_us = await store.time_us()
    either = Limit(begun_us, max(before.rate, after.rate), max(before.burst, after.burst))
    return [before, either, replace(after, from_us=ended_us)]


async def dispatch_moments_us(store, queue_id, tasks):
    """When each of the tasks was dispatched, which was once."""
    found, token = {}, ""
    while True:
        page, token = await store.tasks.page(queue_name(queue_id), View.BASIC, page_size=1000, token=token)
        found |= {task.name: task for task in page}
        if not token:
            break
    assert [task.dispatch_count for task in found.values()] == [1] * tasks
    return [task.first_attempt.dispatch_us for task in found.values()]


@pytest.mark.parametrize("count", [1, 2])
async def test_no_window_passes_the_limit_and_no_token_stays_unused(store, redis_url, target, count):
    tasks = {rate: default_burst(rate) + math.ceil(rate * SATURATED_S) for rate in RATES}
    queues = {rate: await fill_queue(store, target, rate, tasks[rate]) for rate in RATES}
    async with dispatchers(redis_url, count):
        limits = {rate: await resume(store, *queues[rate]) for rate in RATES}
        for rate, (queue_id, _) in queues.items():
            await target.wait_for(queue_id, tasks[rate])
    for rate, (queue_id, _) in queues.items():
        moments_us = await dispatch_moments_us(store, queue_id, tasks[rate])
        assert worst_excess(moments_us, [limits[rate]]) <= ROUNDING, f"{rate} a second"
        assert unused_s(moments_us, limits[rate]) < SLOW_POLL_S, f"{rate} a second"


CHANGES = {
    0.01: (50, 60, 10),  # else the next token would be there after 100 s
    5: (500, 320, 15),
    50: (5, 40, 30),
    500: (50, 300, 200),
}
"""To which rate the queue of this rate is changed, how many tasks it has, how many have arrived by then."""


@pytest.mark.parametrize("count", [1, 2])
async def test_a_change_while_running_holds_at_once(store, redis_url, target, count):
    async def run(rate):
        after, tasks, arrived = CHANGES[rate]
        queue_id, limit = queues[rate]
        limit = await resume(store, queue_id, limit)
        await target.wait_for(queue_id, arrived)
        changed = await change(store, queue_id, limit, after)
        await target.wait_for(queue_id, tasks)
        return changed

    queues = {rate: await fill_queue(store, target, rate, tasks) for rate, (_, tasks, _) in CHANGES.items()}
    async with dispatchers(redis_url, count):
        limits = dict(zip(CHANGES, await asyncio.gather(*map(run, CHANGES)), strict=True))
    for rate, (queue_id, _) in queues.items():
        moments_us = await dispatch_moments_us(store, queue_id, CHANGES[rate][1])
        assert worst_excess(moments_us, limits[rate]) <= ROUNDING, f"from {rate} a second"


@pytest.mark.parametrize("count", [1, 2])
async def test_a_bucket_fills_again_while_there_is_nothing_to_do(store, redis_url, target, count):
    """Bursts with pauses, which the queue spends paused or empty."""
    queue_id, limit = await fill_queue(store, target, 50, 15)
    async with dispatchers(redis_url, count):
        limit = await resume(store, queue_id, limit)
        await target.wait_for(queue_id, 15)
        for number, state in enumerate([QueueState.RUNNING, QueueState.PAUSED]):
            await store.queues.set_state(queue_name(queue_id), state)
            await refilled(store, limit)
            for task in range(25):
                await create_task(store, HttpRequest(f"{target.url}/{queue_id}"), f"burst-{number}-{task}", queue_id)
            await store.queues.set_state(queue_name(queue_id), QueueState.RUNNING)
            await target.wait_for(queue_id, 15 + 25 * (number + 1))
    moments_us = await dispatch_moments_us(store, queue_id, 65)
    assert worst_excess(moments_us, [limit]) <= ROUNDING


async def refilled(store, limit):
    """Wait until Redis's clock has moved on by as much as it takes to fill the bucket twice."""
    end_us = await store.time_us() + round(2 * limit.burst / limit.rate * 1e6)

    async def look():
        return await store.time_us() >= end_us

    await eventually_async(look)
