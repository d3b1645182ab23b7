"""Creating a queue when a task is created in it: a setting, safe for any number of callers at once."""

import asyncio

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue
from broker.model.task import View
from broker.service import queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import HttpRequestDraft, QueueDraft, TaskDraft

PARENT = "projects/p/locations/l"
NAME = f"{PARENT}/queues/q"


def broker(store, *, auto=True, **limits):
    return Broker(store, Limits().with_overrides(limits), Metrics(), auto_create_queues=auto)


async def create(broker, url="http://h/"):
    draft = TaskDraft(http_request=HttpRequestDraft(url=url))
    return await tasks.create_task(broker, NAME, draft, View.BASIC)


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code


async def test_the_first_task_brings_its_queue_with_defaults(store):
    task = await create(broker(store, task_tombstone_s=5))
    queue = await store.queues.get(QueueName("p", "l", "q"))
    assert queue == Queue(queue.name, tombstone_ttl_us=5_000_000)
    assert await store.tasks.get(task.name, View.BASIC)


async def test_callers_at_the_same_moment_share_the_queue(store):
    created = await asyncio.gather(*(create(broker(store)) for _ in range(20)))
    stats = await store.queues.stats(QueueName("p", "l", "q"))
    assert (len({task.name for task in created}), stats.tasks) == (20, 20)


async def test_a_queue_that_is_there_stays_as_it_is(store):
    await queues.create_queue(broker(store), PARENT, QueueDraft(name=NAME, max_dispatches_per_second=3))
    await create(broker(store))
    assert (await queues.get_queue(broker(store), NAME)).rate_limits.max_dispatches_per_second == 3


async def test_it_is_off_by_default(store):
    assert await refusal(create(Broker(store, Limits(), Metrics()))) is Code.NOT_FOUND
    assert await store.queues.count(QueueName("p", "l", "q").parent) == 0


@pytest.mark.parametrize("tombstone_s", [0, 9])
async def test_a_queue_deleted_recently_is_as_missing_as_its_tombstone_says(store, tombstone_s):
    node = broker(store, queue_tombstone_s=tombstone_s)
    await create(node)
    await queues.delete_queue(node, NAME)
    if tombstone_s:
        assert await refusal(create(node)) is Code.NOT_FOUND
    else:
        await create(node)


async def test_the_number_of_queues_is_limited(store):
    assert await refusal(create(broker(store, queues_per_location=0))) is Code.RESOURCE_EXHAUSTED


async def test_a_task_that_is_wrong_is_refused_for_what_is_wrong(store):
    assert await refusal(create(broker(store), url="ftp://h/")) is Code.INVALID_ARGUMENT
    assert await refusal(create(broker(store), url="")) is Code.INVALID_ARGUMENT
