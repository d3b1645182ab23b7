"""The messages against the specification's byte vectors (1.11) and against the classes of the original SDK."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.api.app_engine.envelope import RpcError, RpcErrorCode, application_error, parse, rpc_error, success
from broker.api.app_engine.messages import MESSAGES
from broker.service.app_engine.errors import Result

_PROGRAM = Path(__file__).parent / "programs" / "codec.py"
_LEASE = {"queue_name": b"pq", "lease_seconds": 30, "max_tasks": 10}
_ENVELOPE = {"service_name": "taskqueue", "method": "QueryAndOwnTasks", "request_id": ""}
_TASK = {"task_name": b"t1", "eta_usec": 1_700_000_030_000_000, "retry_count": 1, "body": b"hi", "tag": b"x"}
_ADD = {"queue_name": b"pq", "task_name": b"", "eta_usec": 1_700_000_000_000_000, "body": b"hi", "mode": 1, "tag": b"x"}


def made(name: str, **fields: Any) -> bytes:
    return bytes(MESSAGES[name](**fields).SerializeToString())


@pytest.mark.parametrize(
    ("name", "fields", "vector"),
    [
        (
            "Request",
            _ENVELOPE | {"request": made("QueryAndOwnTasksRequest", group_by_tag=False, **_LEASE)},
            "12097461736b71756575651a105175657279416e644f776e5461736b7322110a027071110000000000003e40180a20002a00",
        ),
        (
            "QueryAndOwnTasksRequest",
            _LEASE | {"group_by_tag": True, "tag": b""},
            "0a027071110000000000003e40180a20012a00",
        ),
        ("BulkAddRequest", {"add_request": [_ADD]}, "0a1a0a0270711200188080f9c0c1c482034a0268699001019a010178"),
        ("BulkAddResponse", {"taskresult": [{"result": 0, "chosen_task_name": b"n1"}]}, "0b10001a026e310c"),
        ("DeleteResponse", {"result": [0, 14, 11]}, "1800180e180b"),
        (
            "ModifyTaskLeaseRequest",
            {"queue_name": b"pq", "task_name": b"t1", "eta_usec": 1_700_000_030_000_000, "lease_seconds": 60},
            "0a02707112027431188087a0cfc1c48203210000000000004e40",
        ),
        (
            "FetchQueueStatsResponse",
            {"queuestats": [{"num_tasks": 0, "oldest_eta_usec": -1}]},
            "0b100018ffffffffffffffffff010c",
        ),
    ],
)
def test_byte_vectors(name: str, fields: dict[str, Any], vector: str) -> None:
    assert made(name, **fields).hex() == vector
    assert MESSAGES[name].FromString(bytes.fromhex(vector)) == MESSAGES[name](**fields)


def test_byte_vectors_of_answers() -> None:
    lease = MESSAGES["QueryAndOwnTasksResponse"](task=[_TASK])
    assert success(lease).hex() == "0a180b12027431188087a0cfc1c4820320012a0268693201780c"
    assert success(MESSAGES["Empty"]()).hex() == "0a00"
    assert application_error(Result.TASK_LEASE_EXPIRED, "").hex() == "1a0408191200"
    assert rpc_error(RpcError(RpcErrorCode.CALL_NOT_FOUND, "no")).hex() == "2a06080112026e6f"


@pytest.mark.parametrize("name", [name for name, message in MESSAGES.items() if not message().IsInitialized()])
def test_a_message_without_its_required_fields_is_refused(name: str) -> None:
    with pytest.raises(RpcError, match=f"{name} lacks ") as refused:
        parse(name, b"")
    assert refused.value.code is RpcErrorCode.PARSE_ERROR


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(RpcError, match="The bytes are no AddRequest"):
        parse("AddRequest", b"\x0a\xff")


def test_unknown_fields_are_ignored() -> None:
    raw = made("PurgeQueueRequest", queue_name=b"q") + bytes.fromhex("fa3f0161")
    assert parse("PurgeQueueRequest", raw).queue_name == b"q"


# Against the SDK

_SCALARS = {
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=40),
    FieldDescriptor.TYPE_STRING: st.text(max_size=20),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
}
_ENUMS = {"mode": st.sampled_from([0, 1]), "method": st.integers(1, 5), "result": st.sampled_from(list(Result)[:-1])}
_TYPED_BY_THE_SDK = {"transaction", "datastore_transaction"}
_OF_OTHERS = {"Empty", "GetHostnameRequest", "GetHostnameResponse"}


def contents(descriptor: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Fields that a message can have."""
    fields = [field for field in descriptor.fields if field.name not in _TYPED_BY_THE_SDK]
    required = {field.name: content(field) for field in fields if field.is_required}
    optional = {field.name: content(field) for field in fields if not field.is_required}
    return st.fixed_dictionaries(required, optional=optional)


def content(field: Any) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        one: st.SearchStrategy[Any] = contents(field.message_type)
    elif field.name in _ENUMS and field.type == FieldDescriptor.TYPE_INT32:
        one = _ENUMS[field.name]
    else:
        one = _SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one


@pytest.fixture(scope="module")
def codec(sdk_python: str) -> Iterator[Any]:
    """Reads bytes as a message of the SDK: its JSON, and the bytes that the SDK writes for it."""
    with subprocess.Popen([sdk_python, str(_PROGRAM)], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def read(name: str, raw: bytes) -> Any:
            print(json.dumps([name, raw.hex()]), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield read
        process.stdin.close()


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() - _OF_OTHERS))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_sdk_reads_and_writes_the_same(codec: Any, name: str, data: st.DataObject) -> None:
    message = MESSAGES[name](**data.draw(contents(MESSAGES[name].DESCRIPTOR)))
    read, written = codec(name, message.SerializeToString())
    assert read == json_format.MessageToDict(message, preserving_proto_field_name=True)
    assert MESSAGES[name].FromString(bytes.fromhex(written)) == message
