"""The use cases of pull queues on a real store: limits, caps, errors and what is counted."""

import asyncio
from dataclasses import replace

import pytest

from broker.errors import Cause, Code, HeadraceError
from broker.metrics import Metrics
from broker.model.lease_caps import LeaseCaps
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import QueueKind
from broker.model.task import HttpRequest, NewTask, PullMessage, View
from broker.service import pull, queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import HttpRequestDraft, QueueDraft, TaskDraft
from broker.store.outcomes import Added, Deleted

QUEUE = "projects/p/locations/l/queues/q"
PUSH = "projects/p/locations/l/queues/push"
MISSING = "projects/p/locations/l/queues/missing"
SECOND = 1_000_000
WEEK = 7 * 86_400 * SECOND


@pytest.fixture
def broker(runner, store) -> Broker:
    broker = Broker(store, Limits(leases_per_second=0), Metrics())
    for name, kind in ((QUEUE, QueueKind.PULL), (PUSH, QueueKind.PUSH)):
        runner.run(queues.create_queue(broker, "projects/p/locations/l", QueueDraft(name, kind=kind)))
    return broker


async def create(broker, task_id="t", parent=QUEUE, **message):
    draft = TaskDraft(name=f"{parent}/tasks/{task_id}", pull_message=PullMessage(**message))
    return await tasks.create_task(broker, parent, draft, View.FULL)


async def lease(broker, parent=QUEUE, *, max_tasks=10, lease_us=60 * SECOND, **options):
    return await pull.lease_tasks(broker, parent, max_tasks=max_tasks, lease_us=lease_us, **options)


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value


def counted(broker, name, **labels):
    return broker.metrics.registry.get_sample_value(f"headrace_{name}_total", {"queue": QUEUE, **labels})


async def test_the_life_of_a_task(broker):
    created = await create(broker, body=b"body", tag=b"tag")
    assert (created.request, created.dispatch_deadline_us) == (PullMessage(b"body", b"tag"), None)
    (task,) = await lease(broker)
    assert (task.body, task.tag, task.dispatch_count) == (b"body", b"tag", 1)
    renewed = await pull.renew_lease(broker, str(task.name), task.schedule_us, 90 * SECOND, require_running=True)
    assert (renewed.request.body, renewed.schedule_us > task.schedule_us) == (b"", True)
    cancelled = await pull.cancel_lease(broker, str(task.name), renewed.schedule_us)
    assert cancelled.schedule_us < renewed.schedule_us
    (again,) = await lease(broker, view=View.BASIC)
    assert (again.body, again.dispatch_count) == (b"", 2)
    await pull.acknowledge_task(broker, str(task.name), again.schedule_us)
    assert await lease(broker) == []
    assert (counted(broker, "leases", result="granted"), counted(broker, "leases", result="empty")) == (2, 1)
    assert (counted(broker, "leased_tasks"), counted(broker, "lease_renewals")) == (2, 1)
    assert counted(broker, "tasks_acknowledged") == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"max_tasks": 0}, "max_tasks must be between 1 and 1000."),
        ({"max_tasks": -1}, "max_tasks must be between 1 and 1000."),
        ({"max_tasks": 1001}, "max_tasks must be between 1 and 1000."),
        ({"lease_us": -1}, "lease_duration must be between 0s and 604800s."),
        ({"lease_us": WEEK + 1}, "lease_duration must be between 0s and 604800s."),
    ],
)
async def test_lease_arguments_come_first(broker, arguments, text):
    error = await refusal(lease(broker, MISSING, **arguments))
    assert (error.code, error.cause, error.message) == (Code.INVALID_ARGUMENT, Cause.LEASE_ARGUMENT, text)


async def test_the_longest_and_the_shortest_lease(broker):
    await create(broker)
    (task,) = await lease(broker, lease_us=0, max_tasks=1000)
    assert (await lease(broker, lease_us=WEEK, max_tasks=1))[0].schedule_us >= task.schedule_us + WEEK


async def test_renewals_look_at_the_queue_first(broker):
    name = str((await create(broker)).name)
    await queues.pause_queue(broker, QUEUE)

    async def cause(task, lease_us=-1, **options):
        return (await refusal(pull.renew_lease(broker, task, 1, lease_us, **options))).cause

    assert await cause(f"{MISSING}/tasks/t") is Cause.QUEUE_MISSING
    assert await cause(f"{PUSH}/tasks/t") is Cause.QUEUE_MODE
    assert await cause(name, require_running=True) is Cause.QUEUE_PAUSED
    assert await cause(name, 0, require_running=True) is Cause.QUEUE_PAUSED
    assert await cause(name) is Cause.LEASE_ARGUMENT
    assert await cause(f"{QUEUE}/tasks/other", 0) is Cause.TASK_MISSING
    assert await cause(name, 0) is Cause.LEASE_EXPIRED


async def test_what_can_be_wrong_with_the_queue(broker):
    for parent, cause in ((MISSING, Cause.QUEUE_MISSING), (PUSH, Cause.QUEUE_MODE)):
        assert (await refusal(lease(broker, parent))).cause is cause
        assert (await refusal(pull.acknowledge_task(broker, f"{parent}/tasks/t", 1))).cause is cause
        assert (await refusal(pull.cancel_lease(broker, f"{parent}/tasks/t", 1))).cause is cause
    await queues.pause_queue(broker, QUEUE)
    paused = await refusal(lease(broker, require_running=True))
    assert (paused.code, paused.cause) == (Code.FAILED_PRECONDITION, Cause.QUEUE_PAUSED)
    assert await lease(broker) == []
    assert (await refusal(lease(broker, "q"))).code is Code.INVALID_ARGUMENT


async def test_a_task_that_is_gone(broker):
    task = await create(broker)
    await tasks.delete_task(broker, str(task.name))
    error = await refusal(pull.acknowledge_task(broker, str(task.name), task.schedule_us))
    assert (error.code, error.cause) == (Code.NOT_FOUND, Cause.TASK_TOMBSTONED)


async def test_calls_above_the_cap(broker):
    caps = LeaseCaps({QueueName("p", "l", "q"): 1})
    capped = replace(broker, lease_caps=caps, limits=Limits())
    assert await lease(capped) == []
    assert await lease(capped) == [], "as App Engine does"
    error = await refusal(lease(capped, refuse_when_capped=True))
    assert (error.code, error.cause) == (Code.RESOURCE_EXHAUSTED, Cause.LEASE_CAPPED)
    assert "takes 1 lease calls a second" in error.message
    lenient = replace(capped, lease_caps=replace(caps, answers_empty=True))
    assert await lease(lenient, refuse_when_capped=True) == []
    assert counted(broker, "leases", result="capped") == 3


async def test_ten_calls_a_second_are_the_default(broker):
    usual = replace(broker, limits=Limits())
    errors = await asyncio.gather(*(lease(usual, refuse_when_capped=True) for _ in range(15)), return_exceptions=True)
    assert sum(isinstance(error, HeadraceError) for error in errors) == 5


async def test_a_call_without_time_leases_nothing(broker):
    await create(broker)
    error = await refusal(lease(broker, deadline_s=0.04))
    assert (error.code, error.cause) == (Code.UNAVAILABLE, Cause.LEASE_LATE)
    assert len(await lease(broker, deadline_s=5)) == 1


async def test_tasks_and_queues_of_different_kinds(broker):
    draft = TaskDraft(http_request=HttpRequestDraft("http://t/"))
    error = await refusal(tasks.create_task(broker, QUEUE, draft, View.FULL))
    assert (error.code, error.cause) == (Code.INVALID_ARGUMENT, Cause.QUEUE_MODE)
    error = await refusal(create(broker, parent=PUSH))
    assert (error.code, error.cause) == (Code.INVALID_ARGUMENT, Cause.QUEUE_MODE)
    name = str((await create(broker)).name)
    error = await refusal(tasks.run_task(broker, name, View.BASIC))
    assert (error.code, error.cause) == (Code.FAILED_PRECONDITION, Cause.QUEUE_MODE)


@pytest.mark.parametrize("tag", [b"t" * 500, "カ".encode() * 499])
async def test_tags_that_either_protocol_allows(broker, tag):
    assert (await create(broker, tag=tag)).request.tag == tag


@pytest.mark.parametrize("tag", [b"t" * 501, "カ".encode() * 500, b"\xff" * 501])
async def test_tags_that_are_too_long(broker, tag):
    error = await refusal(create(broker, tag=tag))
    assert (error.code, error.cause) == (Code.INVALID_ARGUMENT, Cause.TAG_TOO_LONG)


async def test_tasks_that_are_too_large(broker):
    error = await refusal(create(broker, body=b"x" * 1_048_569))
    assert (error.code, error.cause) == (Code.INVALID_ARGUMENT, Cause.TASK_TOO_LARGE)


async def test_adding_and_deleting_several(broker):
    now_us = await broker.store.time_us()

    def new(task_id, request=PullMessage(), **fields):  # noqa: B008
        name = QueueName("p", "l", "q").task(task_id)
        return NewTask(name, True, request, dispatch_deadline_us=None, keeps_past_schedule=True, **fields)

    far_us = now_us + 31 * 86_400 * SECOND
    await create(broker, "old")
    assert await pull.delete_tasks(broker, QUEUE, ["old", "old", "none"]) == [
        Deleted.DELETED,
        Deleted.TOMBSTONED,
        Deleted.UNKNOWN,
    ]
    added = await pull.add_tasks(
        broker, QUEUE, [new("k1"), new("k1"), new("k2"), new("old"), new("far", schedule_us=far_us)]
    )
    assert added == [Added.CREATED, Added.EXISTS, Added.CREATED, Added.TOMBSTONED, Added.TOO_FAR]
    assert counted(broker, "tasks_created") == 3
    assert (await refusal(pull.add_tasks(broker, MISSING, [new("a")]))).cause is Cause.QUEUE_MISSING
    assert (await refusal(pull.delete_tasks(broker, MISSING, ["a"]))).cause is Cause.QUEUE_MISSING
    error = await refusal(pull.add_tasks(broker, QUEUE, [new("a", HttpRequest("http://t/"))]))
    assert error.cause is Cause.QUEUE_MODE


async def test_statistics(broker):
    await create(broker)
    await lease(broker)
    of_queue, of_missing = await pull.stats(broker, [QUEUE, MISSING])
    assert (of_queue.tasks, of_queue.executed_last_minute) == (1, 1)
    assert of_missing is None
