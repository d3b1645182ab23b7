"""Calls that are performed once: the same request id answers as the first time."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import OperationName
from broker.service import operations
from broker.service.broker import Broker
from broker.service.operations import OperationCall
from tests.support.snapshot import take_snapshot

REQUEST_ID = "0b1c9bb5-3b0c-4d4e-8f4e-0123456789ab"
QUEUE = "projects/p/locations/l/queues/q"
CALL = OperationCall("BatchCreateTasks", QUEUE, REQUEST_ID, b"all that was asked")


@pytest.fixture
def broker(store):
    return Broker(store, Limits(), Metrics())


class Performer:
    """Answers another number each time, and remembers the names it was given."""

    def __init__(self):
        self.names = []

    async def __call__(self, name):
        self.names.append(name)
        return f"answer {len(self.names)} ".encode() * 100


@pytest.fixture
def perform():
    return Performer()


async def refusal(awaitable):
    with pytest.raises(HeadraceError) as refused:
        await awaitable
    return refused.value.code


async def test_the_same_request_id_answers_as_the_first_time(broker, perform):
    first = await operations.run_once(broker, CALL, perform)
    assert await operations.run_once(broker, replace(CALL, request_id=REQUEST_ID.upper()), perform) == first
    (name,) = perform.names
    assert str(name).startswith("projects/p/locations/l/operations/")
    assert await operations.get_operation(broker, str(name)) == first


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "BatchDeleteTasks"},
        {"queue": "projects/p/locations/l/queues/other"},
        {"request_id": "1b1c9bb5-3b0c-4d4e-8f4e-0123456789ab"},
        {"request_id": ""},
    ],
    ids=str,
)
async def test_other_calls_are_performed(broker, perform, changed):
    first = await operations.run_once(broker, CALL, perform)
    assert await operations.run_once(broker, replace(CALL, **changed), perform) != first
    assert len(set(perform.names)) == 2


async def test_calls_without_a_request_id_are_all_performed(broker, perform):
    call = replace(CALL, request_id="")
    answers = {await operations.run_once(broker, call, perform) for _ in range(3)}
    assert len(answers) == len(set(perform.names)) == 3
    assert {await operations.get_operation(broker, str(name)) for name in perform.names} == answers


async def test_other_content_under_a_request_id_is_refused(broker, perform):
    await operations.run_once(broker, CALL, perform)
    again = operations.run_once(broker, replace(CALL, content=b"something else"), perform)
    assert await refusal(again) is Code.INVALID_ARGUMENT
    assert len(perform.names) == 1


async def test_of_two_calls_at_once_both_answer_what_was_kept_first(broker, perform):
    async def overtaken(name):
        slow = await perform(name)
        assert await operations.run_once(broker, CALL, perform) != slow
        return slow

    assert await operations.run_once(broker, CALL, overtaken) == await operations.run_once(broker, CALL, perform)
    assert len(set(perform.names)) == 1, "both performed under one name"


async def test_a_failure_is_not_kept(broker, perform):
    async def fail(name):
        perform.names.append(name)
        raise HeadraceError(Code.UNAVAILABLE, "away")

    assert await refusal(operations.run_once(broker, CALL, fail)) is Code.UNAVAILABLE
    assert await operations.run_once(broker, CALL, perform)
    first, second = perform.names
    assert first == second


@pytest.mark.parametrize("request_id", ["x", REQUEST_ID[:-1], REQUEST_ID + "0", REQUEST_ID.replace("-", "")])
async def test_a_request_id_is_a_uuid(broker, perform, request_id):
    call = operations.run_once(broker, replace(CALL, request_id=request_id), perform)
    assert await refusal(call) is Code.INVALID_ARGUMENT
    assert perform.names == []


@pytest.mark.parametrize(("request_id", "kept_s"), [(REQUEST_ID, 77), ("", 3600)])
async def test_how_long_they_are_kept(broker, store, perform, request_id, kept_s):
    broker = replace(broker, limits=Limits().with_overrides({"batch_request_id_s": 77}))
    await operations.run_once(broker, replace(CALL, request_id=request_id), perform)
    (ttl_ms,) = (await take_snapshot(store)).ttls_ms.values()
    assert (kept_s - 5) * 1000 < ttl_ms <= kept_s * 1000


@pytest.mark.parametrize(
    "name", ["", "x", "operations/o", f"{QUEUE}/operations/o", "projects/p/locations/l/operations/"]
)
async def test_what_is_no_operation_is_not_found(broker, name):
    assert await refusal(operations.get_operation(broker, name)) is Code.NOT_FOUND


async def test_an_operation_that_is_not_there(broker):
    name = "projects/p/locations/l/operations/o"
    assert str(OperationName.parse(name)) == name
    assert await refusal(operations.get_operation(broker, name)) is Code.NOT_FOUND
