"""The use cases of batches against a real store: each item fares by itself, and a repeat adds nothing."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import LocationName, OperationName, QueueName
from broker.model.task import View
from broker.service import batches, queues, tasks
from broker.service.batches import Creation
from broker.service.broker import Broker
from broker.service.drafts import HttpRequestDraft, QueueDraft, TaskDraft
from tests.support.lost_answers import LostAnswers

QUEUE = QueueName("p", "l", "q")
PARENT = str(QUEUE)
OPERATION = OperationName(LocationName("p", "l"), "o")
DRAFT = TaskDraft(http_request=HttpRequestDraft(url="http://127.0.0.1/x", body=b"body"))


@pytest.fixture
def broker(runner, store):
    """A broker with one paused queue."""
    broker = Broker(store, Limits(), Metrics())
    runner.run(queues.create_queue(broker, str(QUEUE.parent), QueueDraft(name=PARENT)))
    runner.run(queues.pause_queue(broker, PARENT))
    return broker


def named(task_id):
    return f"{PARENT}/tasks/{task_id}"


def creation(parent=PARENT, view=View.BASIC, **fields):
    return Creation(parent, replace(DRAFT, **fields), view)


async def create(broker, *creations, operation=OPERATION, parent=PARENT, request_bytes=0):
    return await batches.create_tasks(broker, operation, parent, creations, request_bytes)


async def delete(broker, *names, operation=OPERATION, parent=PARENT):
    return await batches.delete_tasks(broker, operation, parent, names)


async def names_of(broker):
    listed, token = await tasks.list_tasks(broker, PARENT, View.BASIC, page_size=1000, page_token="")
    assert token == ""
    return sorted(str(task.name) for task in listed)


async def refusal(awaitable):
    with pytest.raises(HeadraceError) as refused:
        await awaitable
    return refused.value.code, refused.value.message


def codes(outcome):
    return {index: error.code for index, error in outcome.errors.items()}


async def test_each_item_fares_by_itself(broker):
    await tasks.create_task(broker, PARENT, replace(DRAFT, name=named("taken")), View.BASIC)
    outcome = await create(
        broker,
        creation(),
        creation(name=named("taken")),
        creation(parent="", name=named("a"), view=View.FULL),
        creation(name=named("a")),
        creation(name=named("no.good")),
        creation(http_request=None),
        creation(),
    )
    exists, invalid = Code.ALREADY_EXISTS, Code.INVALID_ARGUMENT
    assert codes(outcome) == {1: exists, 3: exists, 4: invalid, 5: invalid}
    assert [task.request.body for task in outcome.answers] == [b"", b"body", b""]
    assert await names_of(broker) == sorted([named("taken"), *(str(task.name) for task in outcome.answers)])
    assert 0 < outcome.start_us <= outcome.end_us


async def test_a_batch_goes_to_the_store_in_few_calls(broker, redis_client):
    redis_client.config_resetstat()
    outcome = await create(broker, *(creation() for _ in range(100)))
    assert len(outcome.answers) == 100
    calls = redis_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert calls < 10, "one script call adds many tasks"


async def test_a_repeat_adds_nothing_and_answers_the_same(broker):
    items = (creation(), creation(name=named("a")), creation(name=named("a")), creation())
    first = await create(broker, *items)
    second = await create(broker, *items)
    assert second.answers == first.answers
    assert codes(second) == codes(first)
    assert await names_of(broker) == sorted(str(task.name) for task in first.answers)
    other = await create(broker, *items, operation=OPERATION._replace(operation_id="other"))
    assert codes(other) == dict.fromkeys((1, 2), Code.ALREADY_EXISTS)


async def test_a_batch_of_unknown_outcome_fails_as_a_whole_and_can_be_repeated(broker):
    items = (creation(), creation(name=named("a")))
    with LostAnswers("task_create", runs=False):
        code, _ = await refusal(create(broker, *items))
    assert code is Code.UNAVAILABLE
    outcome = await create(broker, *items)
    assert not outcome.errors
    assert await names_of(broker) == sorted(str(task.name) for task in outcome.answers)


async def test_a_full_store_fails_the_whole_batch(broker, redis_client):
    redis_client.config_set("maxmemory", 1)
    try:
        assert (await refusal(create(broker, creation(), creation())))[0] is Code.RESOURCE_EXHAUSTED
    finally:
        redis_client.config_set("maxmemory", 0)
    assert await names_of(broker) == []


async def test_deleting(broker):
    created = await create(broker, *(creation() for _ in range(3)), creation(name=named("a")))
    names = [str(task.name) for task in created.answers]
    outcome = await delete(broker, *names, named("a"), named("no.good"), named("never"))
    assert codes(outcome) == {4: Code.NOT_FOUND, 5: Code.INVALID_ARGUMENT, 6: Code.NOT_FOUND}
    assert outcome.answers == [None] * 4
    assert await names_of(broker) == []


async def test_a_repeated_delete_succeeds_again_for_named_tasks(broker):
    created = await create(broker, creation(), creation(name=named("a")))
    names = [str(task.name) for task in created.answers]
    await delete(broker, *names)
    assert codes(await delete(broker, *names)) == {0: Code.NOT_FOUND}


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_name_given_twice_is_deleted_once(broker, is_named):
    created = await create(broker, *(creation(name=named(f"n{n}") if is_named else "") for n in range(2)))
    first, second = (str(task.name) for task in created.answers)
    outcome = await delete(broker, first, first, second, first)
    assert codes(outcome) == dict.fromkeys((1, 3), Code.NOT_FOUND)
    if is_named:
        outcome = await delete(broker, first, first, second, first)
        assert codes(outcome) == dict.fromkeys((1, 3), Code.NOT_FOUND), "a repeat says the same"
    assert await names_of(broker) == []


async def test_a_name_given_twice_in_a_large_batch(broker):
    await create(broker, creation(name=named("a")))
    names = [named("a"), *(named(f"none{n}") for n in range(998)), named("a")]
    for _ in range(2):
        outcome = await delete(broker, *names)
        assert outcome.answers == [None]
        assert 0 not in outcome.errors


async def test_a_batch_is_deleted_in_few_calls(broker, redis_client):
    created = await create(broker, *(creation() for _ in range(100)))
    redis_client.config_resetstat()
    assert not (await delete(broker, *(str(task.name) for task in created.answers))).errors
    assert redis_client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1


async def test_a_name_in_another_queue_is_not_deleted(broker):
    other = f"{PARENT}2/tasks/a"
    outcome = await delete(broker, other)
    assert codes(outcome) == {0: Code.INVALID_ARGUMENT}
    assert outcome.errors[0].message == f"names must be in the queue of the request, '{PARENT}'."


MISSING = "projects/p/locations/l/queues/missing"
CALLS = {
    "no queue to create in": (create, (creation(parent=""),), {"parent": MISSING}, Code.NOT_FOUND, "Queue does not"),
    "no queue, bad tasks": (
        create,
        (creation(parent="", http_request=None),),
        {"parent": MISSING},
        Code.NOT_FOUND,
        "Queue does not",
    ),
    "no queue to delete in": (delete, (f"{MISSING}/tasks/a",), {"parent": MISSING}, Code.NOT_FOUND, "Queue does not"),
    "bad parent": (create, (creation(),), {"parent": "x"}, Code.INVALID_ARGUMENT, "Queue name must be"),
    "bad parent to delete in": (delete, ("x",), {"parent": "x"}, Code.INVALID_ARGUMENT, "Queue name must be"),
    "nothing to create": (
        create,
        (),
        {},
        Code.INVALID_ARGUMENT,
        "requests must have between 1 and 100 entries, not 0.",
    ),
    "too many": (create, (creation(),) * 101, {}, Code.INVALID_ARGUMENT, "requests must have between 1 and 100"),
    "too large": (
        create,
        (creation(),),
        {"request_bytes": 10_485_761},
        Code.INVALID_ARGUMENT,
        "The request must have at most 10485760 bytes.",
    ),
    "another parent": (
        create,
        (creation(), creation(parent=MISSING)),
        {},
        Code.INVALID_ARGUMENT,
        "requests[1].parent must be in the queue",
    ),
    "nothing to delete": (delete, (), {}, Code.INVALID_ARGUMENT, "names must have between 1 and 1000 entries, not 0."),
    "too many to delete": (delete, (named("a"),) * 1001, {}, Code.INVALID_ARGUMENT, "names must have between"),
}


@pytest.mark.parametrize(("call", "items", "arguments", "code", "text"), CALLS.values(), ids=CALLS)
async def test_a_call_that_cannot_be(broker, call, items, arguments, code, text):
    refused, message = await refusal(call(broker, *items, **arguments))
    assert refused is code
    assert message.startswith(text)
    assert await names_of(broker) == []


async def test_the_largest_batches(broker):
    created = [
        await create(broker, *(creation() for _ in range(100)), operation=OPERATION._replace(operation_id=str(n)))
        for n in range(10)
    ]
    names = [str(task.name) for outcome in created for task in outcome.answers]
    assert len(set(names)) == 1000
    assert not (await delete(broker, *names)).errors
    assert await names_of(broker) == []
