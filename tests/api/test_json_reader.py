"""JSON bodies: equal to json_format where that is right, Google's texts where something is wrong."""

import base64
import json
import math
from typing import Any

import pytest
from google.cloud.tasks_v2 import types
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from broker.api.json_reader import read_message
from broker.errors import Code, FieldViolation, HeadraceError

CreateTaskRequest, UpdateQueueRequest = types.CreateTaskRequest.pb(), types.UpdateQueueRequest.pb()


def read(value: Any, kind: Any = CreateTaskRequest) -> Any:
    message = kind()
    read_message(value, message)
    return message


def durations() -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries(
        {"seconds": st.integers(0, 10**9), "nanos": st.integers(0, 999_999).map(lambda us: us * 1000)}
    )


tasks = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(st.characters(exclude_categories=["Cs"])),
        "schedule_time": durations(),
        "dispatch_deadline": durations(),
        "dispatch_count": st.integers(-(2**31), 2**31 - 1),
        "view": st.integers(0, 2),
        "retry_config": st.fixed_dictionaries({}, optional={"max_attempts": st.integers(-1, 9)}),
        "http_request": st.fixed_dictionaries(
            {"url": st.text("abc/é")},
            optional={
                "http_method": st.integers(0, 7),
                "headers": st.dictionaries(st.text("aé-", min_size=1), st.text("xyz ")),
                "body": st.binary(max_size=20),
                "oidc_token": st.fixed_dictionaries({"service_account_email": st.text("a@b")}),
            },
        ),
    },
)


@given(task=tasks, snake=st.booleans(), integers=st.booleans())
def test_it_reads_what_json_format_writes(task: dict[str, Any], snake: bool, integers: bool) -> None:
    message = CreateTaskRequest(parent="p", task=task)
    value = json_format.MessageToDict(message, preserving_proto_field_name=snake, use_integers_for_enums=integers)
    assert read(json.loads(json.dumps(value))) == message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, {}),
        ({"task": None}, {}),
        ({"task": {}}, {"task": {}}),
        ({"responseView": "FULL"}, {"response_view": 2}),
        ({"response_view": "2"}, {"response_view": 2}),
        ({"task": {"dispatchCount": "7"}}, {"task": {"dispatch_count": 7}}),
        *(({"task": {"dispatchCount": seven}}, {"task": {"dispatch_count": 7}}) for seven in (7.0, "7.0", "0.7e1")),
        ({"task": {"dispatchDeadline": "0"}}, {"task": {"dispatch_deadline": {}}}),
        ({"task": {"dispatchDeadline": "1.5s"}}, {"task": {"dispatch_deadline": {"seconds": 1, "nanos": 500_000_000}}}),
        ({"task": {"scheduleTime": "1970-01-01T02:00:01+02:00"}}, {"task": {"schedule_time": {"seconds": 1}}}),
        ({"task": {"retryConfig": {"minBackoff": "0s"}}}, {"task": {"retry_config": {"min_backoff": {}}}}),
    ],
)
def test_it_accepts(value: Any, expected: dict[str, Any]) -> None:
    assert read(value) == CreateTaskRequest(**expected)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padding", [b"", b"="])
def test_base64_may_be_of_either_alphabet_and_unpadded(encode: Any, padding: bytes) -> None:
    body = b"\xfb\xff\xfe?"
    text = (encode(body).rstrip(b"=") + padding * 2).decode()
    assert read({"task": {"httpRequest": {"body": text}}}).task.http_request.body == body


_PREFIX = "Invalid JSON payload received. "
_HTTP = "task.http_request"


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        ({"x": 1}, "", _PREFIX + 'Unknown name "x": Cannot find field.'),
        ({"task": {"x": 1}}, "task", _PREFIX + "Unknown name \"x\" at 'task': Cannot find field."),
        (
            {"task": {"httpRequest": {"httpMethod": "FOO"}}},
            f"{_HTTP}.http_method",
            f"Invalid value at '{_HTTP}.http_method' (type.googleapis.com/google.cloud.tasks.v2.HttpMethod), \"FOO\"",
        ),
        (
            {"responseView": "\ud800"},
            "response_view",
            "Invalid value at 'response_view' (type.googleapis.com/google.cloud.tasks.v2.Task.View), \"\\ud800\"",
        ),
        (
            {"task": {"httpRequest": {"body": "not base64!"}}},
            f"{_HTTP}.body",
            f"Invalid value at '{_HTTP}.body' (TYPE_BYTES), Base64 decoding failed for \"not base64!\"",
        ),
        ({"task": {"httpRequest": {"body": 5}}}, f"{_HTTP}.body", f"Invalid value at '{_HTTP}.body' (TYPE_BYTES), 5"),
        ({"task": {"name": 5}}, "task.name", "Invalid value at 'task.name' (TYPE_STRING), 5"),
        ({"task": {"name": "\ud800"}}, "task.name", "Invalid value at 'task.name' (TYPE_STRING), \"\\ud800\""),
        (
            {"task": {"dispatchCount": 2**31}},
            "task.dispatch_count",
            "Invalid value at 'task.dispatch_count' (TYPE_INT32), 2147483648",
        ),
        (
            {"task": {"dispatchCount": 1.5}},
            "task.dispatch_count",
            "Invalid value at 'task.dispatch_count' (TYPE_INT32), 1.5",
        ),
        (
            {"task": {"dispatchCount": True}},
            "task.dispatch_count",
            "Invalid value at 'task.dispatch_count' (TYPE_INT32), true",
        ),
        (
            {"task": {"dispatchDeadline": "5"}},
            "task.dispatch_deadline",
            "Invalid value at 'task.dispatch_deadline' (type.googleapis.com/google.protobuf.Duration), "
            "Illegal duration format; duration must end with 's'",
        ),
        (
            {"task": {"scheduleTime": "tomorrow"}},
            "task.schedule_time",
            "Invalid value at 'task.schedule_time' (type.googleapis.com/google.protobuf.Timestamp), "
            "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.",
        ),
        ({"task": []}, "task", "Invalid value at 'task' (type.googleapis.com/google.cloud.tasks.v2.Task), []"),
        (
            {"task": {"httpRequest": {"headers": {"A": "b", "C": 1}}}},
            f"{_HTTP}.headers[1].value",
            f"Invalid value at '{_HTTP}.headers[1].value' (TYPE_STRING), 1",
        ),
        (
            {"task": {"httpRequest": {}, "appEngineHttpRequest": {}}},
            "task",
            "Invalid value at 'task' (oneof), oneof field 'message_type' is already set. "
            "Cannot set 'appEngineHttpRequest'",
        ),
        (
            {"task": {"dispatchCount": 1, "dispatch_count": 1}},
            "task",
            "Invalid value at 'task' (oneof), oneof field 'dispatch_count' is already set. Cannot set 'dispatch_count'",
        ),
    ],
)
def test_it_names_the_fault(value: Any, field: str, text: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        read(value)
    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, text)
    assert caught.value.details == (FieldViolation(field, text),)


@pytest.mark.parametrize("value", ["x" * 5000, list(range(5000))])
def test_it_does_not_repeat_long_values(value: Any) -> None:
    with pytest.raises(HeadraceError) as caught:
        read({"task": {"dispatchCount": value}})
    assert len(caught.value.message) < 300


def rate(value: Any) -> float:
    queue = {"queue": {"rateLimits": {"maxDispatchesPerSecond": value}}}
    return float(read(queue, UpdateQueueRequest).queue.rate_limits.max_dispatches_per_second)


@pytest.mark.parametrize("number", ["nan", "inf", "1e999", float("inf"), 10**400, True, " 1", "1_0"])
def test_numbers_are_finite(number: Any) -> None:
    with pytest.raises(HeadraceError, match="TYPE_DOUBLE"):
        rate(number)


def test_numbers_that_are_not_finite_have_names() -> None:
    assert (rate("Infinity"), rate("-Infinity")) == (math.inf, -math.inf)
    assert math.isnan(rate("NaN"))
