"""Batches of tasks, and the operations that they answer."""

from typing import Any

from tests.api.conformance.given import a_paused_queue, a_task
from tests.api.conformance.matching import MICROSECOND, Earlier, Like, Shows
from tests.api.conformance.names import BAD_QUEUE, HTTP, LOCATION, QUEUE, TASK
from tests.api.conformance.row import VERSIONS, Call, Row, answers, documented, inferred, refuses
from tests.api.conformance.texts import (
    ENTITY_MISSING,
    QUEUE_MISSING,
    QUEUE_NAME_FORM,
    QUEUE_NAME_HELP,
)

_REQUEST_ID = "0d9c8f8e-4b0e-4c8a-9a53-2d1f6a1b7c11"
_OPERATION = Like(f"{LOCATION}/operations/.+")
_CREATE = {"parent": QUEUE, "requests": [{"parent": QUEUE, "task": {"name": TASK, **HTTP}}]}
_DELETE = {"parent": QUEUE, "names": [TASK]}
_BAD_ITEM = {"parent": QUEUE, "task": {"httpRequest": {"url": "ftp://example.com"}}}
_BAD_URL = {"code": 3, "message": "HttpTarget.url must start with 'http://' or 'https://'."}
_MISSING = {"code": 5, "message": ENTITY_MISSING}
_ELSEWHERE = {"code": 3, "message": f"names must be in the queue of the request, '{QUEUE}'."}
_MALFORMED_ID = 'request_id is "x", but must be a UUID, or left out.'
_REUSED_ID = "request_id was used for another request. Use a new UUID for each request."


def _operation(version: str, metadata: str, state: str, failed: dict[str, Any], **result: Any) -> dict[str, Any]:
    times = {"startTime": MICROSECOND, "endTime": MICROSECOND}
    kind = {"@type": f"type.googleapis.com/google.cloud.tasks.{version}.{metadata}"}
    failures = {"failedRequests": failed} if failed else {}
    return {"name": _OPERATION, "done": True, "metadata": kind | times | {"state": state} | failures, **result}


def _created(version: str, state: str, failed: dict[str, Any]) -> dict[str, Any]:
    kind = {"@type": f"type.googleapis.com/google.cloud.tasks.{version}.BatchCreateTasksResponse"}
    response = Shows(kind | {"tasks": [Shows({"name": TASK})]})
    return _operation(version, "BatchCreateTasksMetadata", state, failed, response=response)


def _deleted(version: str, state: str, failed: dict[str, Any]) -> dict[str, Any]:
    response = {"@type": "type.googleapis.com/google.protobuf.Empty"}
    return _operation(version, "BatchDeleteTasksMetadata", state, failed, response=response)


def _nothing(version: str, metadata: str, failed: dict[str, Any]) -> dict[str, Any]:
    text = f"None of the requests succeeded, refer to {metadata}.failed_requests for individual error details"
    return _operation(version, metadata, "FAILED", failed, error={"code": 10, "message": text})


def _rows(version: str) -> list[Row]:
    """Batches that are made, in a version."""
    paused, stored = a_paused_queue(), a_task()
    partial = _CREATE | {"requests": [_BAD_ITEM, *_CREATE["requests"]]}
    parentless = _CREATE | {"requests": [{"task": {"name": TASK, **HTTP}}]}
    some = _DELETE | {"names": [TASK, f"{TASK}2"]}
    create_failed = _nothing(version, "BatchCreateTasksMetadata", {"0": _BAD_URL})
    delete_failed = _nothing(version, "BatchDeleteTasksMetadata", {"0": _MISSING})
    rows: list[tuple[str, str, dict[str, Any], dict[str, Any], Any, Any]] = [
        ("BatchCreateTasks", "a task", _CREATE, _created(version, "SUCCEEDED", {}), paused, documented("3.10")),
        (
            "BatchCreateTasks",
            "a task without a parent",
            parentless,
            _created(version, "SUCCEEDED", {}),
            paused,
            inferred("3.10"),
        ),
        (
            "BatchCreateTasks",
            "one of two",
            partial,
            _created(version, "PARTIALLY_SUCCEEDED", {"0": _BAD_URL}),
            paused,
            documented("3.10"),
        ),
        ("BatchCreateTasks", "none", _CREATE | {"requests": [_BAD_ITEM]}, create_failed, paused, documented("3.10")),
        ("BatchDeleteTasks", "a task", _DELETE, _deleted(version, "SUCCEEDED", {}), stored, documented("3.10")),
        (
            "BatchDeleteTasks",
            "one of two",
            some,
            _deleted(version, "PARTIALLY_SUCCEEDED", {"1": _MISSING}),
            stored,
            documented("3.10"),
        ),
        ("BatchDeleteTasks", "none", _DELETE, delete_failed, paused, documented("3.10")),
        (
            "BatchDeleteTasks",
            "a task elsewhere",
            _DELETE | {"names": [f"{QUEUE}-other/tasks/t"]},
            _nothing(version, "BatchDeleteTasksMetadata", {"0": _ELSEWHERE}),
            paused,
            inferred("3.10"),
        ),
        (
            "GetOperation",
            "a batch",
            {"name": Earlier("name")},
            _created(version, "SUCCEEDED", {}),
            [*paused, Call("BatchCreateTasks", _CREATE, version)],
            documented("3.1"),
        ),
        (
            "BatchCreateTasks",
            "the same request again",
            _CREATE | {"requestId": _REQUEST_ID},
            _created(version, "SUCCEEDED", {}),
            [*paused, Call("BatchCreateTasks", _CREATE | {"requestId": _REQUEST_ID}, version)],
            documented("3.10"),
        ),
    ]
    rows_of_version = [
        answers(method, case, request, shown, mark, given=given, versions=[version])
        for method, case, request, shown, given, mark in rows
    ]
    reused = [*paused, Call("BatchCreateTasks", _CREATE | {"requestId": _REQUEST_ID}, version)]
    another = _CREATE | {"requestId": _REQUEST_ID, "requests": [{"task": HTTP}]}
    rows_of_version.append(
        refuses(
            "BatchCreateTasks",
            "another request of the same id",
            another,
            "INVALID_ARGUMENT",
            _REUSED_ID,
            inferred("3.10"),
            given=reused,
            versions=[version],
        )
    )
    return rows_of_version


_COUNT = "{} must have between 1 and {} entries, not {}."
_INVALID = [
    ("BatchCreateTasks", "nothing", {"requests": []}, _COUNT.format("requests", 100, 0)),
    ("BatchCreateTasks", "101 tasks", {"requests": [{"task": HTTP}] * 101}, _COUNT.format("requests", 100, 101)),
    (
        "BatchCreateTasks",
        "an item elsewhere",
        {"requests": [{"parent": f"{QUEUE}-other", "task": HTTP}]},
        f"requests[0].parent must be in the queue of the request, '{QUEUE}'.",
    ),
    ("BatchCreateTasks", "a malformed id", {"requestId": "x"}, _MALFORMED_ID),
    ("BatchDeleteTasks", "nothing", {"names": []}, _COUNT.format("names", 1000, 0)),
    ("BatchDeleteTasks", "1001 tasks", {"names": [TASK] * 1001}, _COUNT.format("names", 1000, 1001)),
    ("BatchDeleteTasks", "a malformed id", {"requestId": "x"}, _MALFORMED_ID),
]
_VALID = {"BatchCreateTasks": _CREATE, "BatchDeleteTasks": _DELETE}

ROWS = [
    *(row for version in VERSIONS for row in _rows(version)),
    *(
        refuses(
            method, case, _VALID[method] | fields, "INVALID_ARGUMENT", text, documented("3.10"), given=a_paused_queue()
        )
        for method, case, fields, text in _INVALID
    ),
    *(
        refuses(method, "a missing queue", request, "NOT_FOUND", QUEUE_MISSING, inferred("3.10"))
        for method, request in _VALID.items()
    ),
    *(
        refuses(
            method,
            "a bad queue",
            request | {"parent": BAD_QUEUE},
            "INVALID_ARGUMENT",
            QUEUE_NAME_FORM,
            inferred("3.10"),
            details=[QUEUE_NAME_HELP],
        )
        for method, request in _VALID.items()
    ),
    *(
        refuses("GetOperation", case, {"name": name}, "NOT_FOUND", ENTITY_MISSING, inferred("3.1"))
        for case, name in (
            ("an operation that there is not", f"{LOCATION}/operations/none"),
            ("a name that is malformed", f"{LOCATION}/operations/%20"),
        )
    ),
]
