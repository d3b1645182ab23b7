"""What the REST front end says of requests that no message can hold."""

from typing import Any

from tests.api.conformance.names import LOCATION, QUEUE, TASK, URL
from tests.api.conformance.row import Evidence, Row, inferred, refuses
from tests.api.conformance.texts import bad_request

_PREFIX = "Invalid JSON payload received. "
_HTTP = "task.http_request"
_QUERY = "Unknown name \"colour\": Cannot bind query parameter. Field 'colour' could not be found in request message."


def _faulty(method: str, case: str, request: dict[str, Any], field: str, text: str, **more: Any) -> Row:
    mark: Evidence = inferred("3.2")
    details = [bad_request(field, text)]
    return refuses(method, case, request, "INVALID_ARGUMENT", text, mark, details=details, only="rest", **more)


def _task(**http_request: Any) -> dict[str, Any]:
    return {"parent": QUEUE, "task": {"httpRequest": {"url": URL, **http_request}}}


ROWS = [
    _faulty(
        "CreateTask",
        "an unknown field",
        {"parent": QUEUE, "colour": 1},
        "",
        f'{_PREFIX}Unknown name "colour": Cannot find field.',
    ),
    _faulty(
        "CreateTask",
        "an unknown field inside",
        {"parent": QUEUE, "task": {"colour": 1}},
        "task",
        f"{_PREFIX}Unknown name \"colour\" at 'task': Cannot find field.",
    ),
    _faulty(
        "CreateQueue",
        "an unknown field of the body",
        {"parent": LOCATION, "queue": {"colour": 1}},
        "queue",
        f"{_PREFIX}Unknown name \"colour\" at 'queue': Cannot find field.",
    ),
    *(
        _faulty(method, "an unknown parameter", request | {"colour": "1"}, "", f"{_PREFIX}{_QUERY}")
        for method, request in (
            ("GetQueue", {"name": QUEUE}),
            ("ListQueues", {"parent": LOCATION}),
            ("DeleteQueue", {"name": QUEUE}),
            ("GetTask", {"name": TASK}),
            ("ListTasks", {"parent": QUEUE}),
            ("DeleteTask", {"name": TASK}),
        )
    ),
    *(
        _faulty(
            "CreateTask",
            "an enum that there is not",
            _task(httpMethod="FOO"),
            f"{_HTTP}.http_method",
            f"Invalid value at '{_HTTP}.http_method' (type.googleapis.com/google.cloud.tasks.{version}.HttpMethod), "
            '"FOO"',
            versions=[version],
        )
        for version in ("v2", "v2beta3", "v2beta2")
    ),
    _faulty(
        "CreateTask",
        "a body that is not base64",
        _task(body="not base64!"),
        f"{_HTTP}.body",
        f"Invalid value at '{_HTTP}.body' (TYPE_BYTES), Base64 decoding failed for \"not base64!\"",
    ),
    _faulty(
        "CreateTask",
        "a number that is a text",
        {"parent": QUEUE, "task": {"name": 5}},
        "task.name",
        "Invalid value at 'task.name' (TYPE_STRING), 5",
    ),
    _faulty(
        "ListTasks",
        "a page size that is no number",
        {"parent": QUEUE, "pageSize": "many"},
        "page_size",
        "Invalid value at 'page_size' (TYPE_INT32), \"many\"",
    ),
]
