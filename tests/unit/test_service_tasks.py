"""The use cases of tasks against a real store: results, validation order, and the recorded errors (3.7, 4.4)."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.task import View
from broker.service import queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import HttpRequestDraft, QueueDraft, TaskDraft

QUEUE = QueueName("p", "l", "q")
PARENT = str(QUEUE)
NAME = f"{PARENT}/tasks/t"
DAY_US = 86_400 * 1_000_000
DRAFT = TaskDraft(http_request=HttpRequestDraft(url="http://127.0.0.1/x", body=b"body"))
NAMED = replace(DRAFT, name=NAME)
UNCALLABLE = TaskDraft(name=NAME)

UNKNOWN = (Code.NOT_FOUND, "Requested entity was not found.")
GONE = (
    Code.NOT_FOUND,
    "The task no longer exists, though a task with this name existed recently. The task either "
    "successfully completed or was deleted.",
)
QUEUE_MISSING = (
    Code.NOT_FOUND,
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
)


@pytest.fixture
def bare_broker(store):
    return Broker(store, Limits(), Metrics())


@pytest.fixture
def broker(runner, bare_broker):
    """A broker with one queue, paused for good measure: tasks can be added in every state."""
    draft = QueueDraft(name=PARENT)
    runner.run(queues.create_queue(bare_broker, str(QUEUE.parent), draft))
    runner.run(queues.pause_queue(bare_broker, PARENT))
    return bare_broker


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code, refused.value.message


async def create(broker, draft=DRAFT, view=View.BASIC):
    return await tasks.create_task(broker, PARENT, draft, view)


def get_basic(broker, name):
    return tasks.get_task(broker, name, View.BASIC)


def run_basic(broker, name):
    return tasks.run_task(broker, name, View.BASIC)


ON_ONE_TASK = pytest.mark.parametrize("call", [get_basic, tasks.delete_task, run_basic])


async def test_a_created_task_answers_as_it_is_stored(broker):
    full = await create(broker, NAMED, View.FULL)
    assert full.name == QUEUE.task("t")
    assert (full.view, full.request.body) == (View.FULL, b"body")
    assert full.request.headers == (("User-Agent", "Google-Cloud-Tasks"),)
    assert full.dispatch_deadline_us == 600 * 1_000_000
    assert await tasks.get_task(broker, NAME, View.FULL) == full
    basic = replace(full, view=View.BASIC, request=replace(full.request, body=b""))
    assert await tasks.get_task(broker, NAME, View.BASIC) == basic


async def test_the_basic_answer_leaves_out_the_body(broker):
    task = await create(broker)
    assert (task.view, task.request.body) == (View.BASIC, b"")
    assert len(task.name.task_id) == 20
    assert await tasks.get_task(broker, str(task.name), View.BASIC) == task


async def test_a_task_is_scheduled_for_now_unless_said_otherwise(broker):
    now_us = await broker.store.time_us()
    for given_us in (None, -DAY_US, 1, now_us - DAY_US):
        assert (await create(broker, replace(DRAFT, schedule_us=given_us))).schedule_us >= now_us
    later_us = now_us + 29 * DAY_US + 1
    assert (await create(broker, replace(DRAFT, schedule_us=later_us))).schedule_us == later_us


async def test_a_schedule_time_beyond_the_horizon_is_refused(broker):
    far = replace(DRAFT, schedule_us=4_102_444_800 * 1_000_000)
    assert await refusal(create(broker, far)) == (
        Code.INVALID_ARGUMENT,
        "The Task.scheduleTime, 2099-12-31T16:00:00-08:00, is too far in the future. "
        "Schedule time must be no more than 720h in the future.",
    )


async def test_created_tasks_are_counted(broker):
    await create(broker)
    await create(broker)
    await refusal(create(broker, UNCALLABLE))
    value = broker.metrics.registry.get_sample_value("headrace_tasks_created_total", {"queue": PARENT})
    assert value == 2


async def test_the_name_of_a_live_task_is_refused(broker):
    await create(broker, NAMED)
    assert await refusal(create(broker, NAMED)) == (Code.ALREADY_EXISTS, "Requested entity already exists")


async def test_the_name_of_a_recent_task_is_refused(broker):
    await create(broker, NAMED)
    await tasks.delete_task(broker, NAME)
    assert await refusal(create(broker, NAMED)) == (
        Code.ALREADY_EXISTS,
        "The task cannot be created because a task with this name existed too recently. For more information "
        "about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task.",
    )


async def test_the_queue_is_looked_for_before_the_task_is_checked(bare_broker):
    assert await refusal(create(bare_broker)) == QUEUE_MISSING
    assert await refusal(create(bare_broker, UNCALLABLE)) == QUEUE_MISSING


async def test_names_are_checked_before_the_queue_is_looked_for(bare_broker):
    bad_id = await refusal(create(bare_broker, replace(DRAFT, name=f"{PARENT}/tasks/a b")))
    assert bad_id[1].startswith('Task ID "a b" can contain only')
    elsewhere = await refusal(create(bare_broker, replace(DRAFT, name=f"{PARENT}2/tasks/t")))
    assert elsewhere[1].startswith("The queue name from request")


async def test_a_bad_task_for_a_queue_that_is_there(broker):
    assert await refusal(create(broker, UNCALLABLE)) == (
        Code.INVALID_ARGUMENT,
        "Task.message_type is required: set http_request or app_engine_http_request.",
    )


@ON_ONE_TASK
async def test_a_task_that_never_was(broker, call):
    assert await refusal(call(broker, NAME)) == UNKNOWN
    assert await refusal(call(broker, "projects/p/locations/l/queues/none/tasks/t")) == UNKNOWN


@ON_ONE_TASK
async def test_a_named_task_that_is_gone(broker, call):
    await create(broker, NAMED)
    await tasks.delete_task(broker, NAME)
    assert await refusal(call(broker, NAME)) == GONE


@ON_ONE_TASK
async def test_an_unnamed_task_that_is_gone_leaves_no_trace(broker, call):
    name = str((await create(broker)).name)
    await tasks.delete_task(broker, name)
    assert await refusal(call(broker, name)) == UNKNOWN


@ON_ONE_TASK
async def test_a_malformed_task_name(broker, call):
    code, text = await refusal(call(broker, PARENT))
    assert code is Code.INVALID_ARGUMENT
    assert text.startswith("Task name must be formatted")


async def test_running_a_task_counts_the_attempt_at_once(broker):
    created = await create(broker, NAMED)
    task = await tasks.run_task(broker, NAME, View.BASIC)
    assert task.dispatch_count == 1
    assert task.first_attempt is not None
    assert task.last_attempt is not None
    assert task.last_attempt.response_us is None
    assert (task.request, task.view) == (created.request, View.BASIC)


async def list_all(broker, view, page_size):
    found, token, pages = {}, "", 0
    while token or not pages:
        page, token = await tasks.list_tasks(broker, PARENT, view, page_size=page_size, page_token=token)
        found |= {task.name: task for task in page}
        pages += 1
    return found


async def test_every_live_task_is_listed(broker):
    created = [await create(broker, view=View.FULL) for _ in range(25)]
    for page_size in (0, 7, 2**31 - 1):
        assert await list_all(broker, View.FULL, page_size) == {task.name: task for task in created}
    assert all(not task.request.body for task in (await list_all(broker, View.BASIC, 0)).values())


async def test_listing_refuses_what_it_cannot_do(broker):
    async def listed(parent=PARENT, page_size=0, page_token=""):
        return await tasks.list_tasks(broker, parent, View.BASIC, page_size=page_size, page_token=page_token)

    assert await refusal(listed(parent=f"{PARENT}2")) == QUEUE_MISSING
    assert (await refusal(listed(page_size=-1)))[0] is Code.INVALID_ARGUMENT
    assert (await refusal(listed(page_token="no token")))[0] is Code.INVALID_ARGUMENT
