"""CreateTask: names, times, and the queue they are for."""

from typing import Any

from tests.api.conformance.given import (
    A_DELETED_QUEUE,
    A_DELETED_TASK,
    A_PULL_QUEUE,
    a_paused_queue,
    a_queue,
    a_task,
)
from tests.api.conformance.matching import Like, Shows
from tests.api.conformance.names import (
    BAD_QUEUE,
    HTTP,
    IN_AN_HOUR,
    QUEUE,
    TASK,
    TASK_OF_BAD_QUEUE,
)
from tests.api.conformance.row import WITH_DEADLINES, Evidence, Row, answers, documented, inferred, refuses, seen
from tests.api.conformance.rows.queue_retries import DEFAULT
from tests.api.conformance.texts import (
    QUEUE_MISSING,
    QUEUE_NAME_FORM,
    QUEUE_NAME_HELP,
    TASK_ID_HELP,
    TASK_NAME_FORM,
    bad_task_id,
)

_THIS = {"parent": QUEUE, "task": {"name": TASK, **HTTP}}
_OTHER_QUEUE = f"{QUEUE}-other"
_LONG_TASK = f"{QUEUE}/tasks/{'t' * 500}"
_DEADLINE = "Task.dispatchDeadline must be between [15s, 30m]."
_TOO_FAR = "The Task.scheduleTime, {}, is too far in the future. Schedule time must be no more than 720h in the future."
_USED = (
    "The task cannot be created because a task with this name existed too recently. For more information about task "
    "de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/"
    "create#body.request_body.FIELDS.task."
)
_NO_REQUEST = "Task.message_type is required: set http_request or app_engine_http_request."


def _shows(case: str, fields: dict[str, Any], shown: dict[str, Any], mark: Evidence, **more: Any) -> Row:
    request = {"parent": QUEUE, "task": {**HTTP, **fields}}
    return answers("CreateTask", case, request, Shows(shown), mark, given=a_paused_queue(), **more)


def _invalid(case: str, fields: dict[str, Any], text: str, mark: Evidence, **more: Any) -> Row:
    request = {"parent": QUEUE, "task": {**HTTP, **fields}}
    return refuses("CreateTask", case, request, "INVALID_ARGUMENT", text, mark, given=a_paused_queue(), **more)


_NAMES = [
    _shows("no name", {}, {"name": Like(rf"{QUEUE}/tasks/\d{{17,20}}")}, seen("1.2")),
    _shows("an id of 500 characters", {"name": _LONG_TASK}, {"name": _LONG_TASK}, documented("1.1")),
    *(
        _invalid(case, {"name": f"{QUEUE}/tasks/{task_id}"}, bad_task_id(task_id), mark, details=[TASK_ID_HELP])
        for case, task_id, mark in (
            ("a bad id", "not a valid id", seen("4.4")),
            ("an id of 501 characters", "t" * 501, seen("4.4")),
            ("an empty id", "", inferred("4.4")),
        )
    ),
    _invalid("a name of no form", {"name": "not-a-task"}, TASK_NAME_FORM, seen("4.4")),
    _invalid("a name with a bad queue", {"name": TASK_OF_BAD_QUEUE}, TASK_NAME_FORM, inferred("4.4")),
    _invalid(
        "a name in another queue",
        {"name": f"{_OTHER_QUEUE}/tasks/t"},
        f"The queue name from request ('{QUEUE}') must be the same as the queue name in the named task "
        f"('{_OTHER_QUEUE}').",
        seen("4.4"),
    ),
    refuses(
        "CreateTask",
        "the name of a live task",
        _THIS,
        "ALREADY_EXISTS",
        "Requested entity already exists",
        seen("4.4"),
        given=a_task(),
    ),
    refuses(
        "CreateTask", "the name of a deleted task", _THIS, "ALREADY_EXISTS", _USED, seen("4.4"), given=A_DELETED_TASK
    ),
]

_TIMES = [
    _shows("a schedule time", {"scheduleTime": IN_AN_HOUR}, {"scheduleTime": IN_AN_HOUR}, documented("2.6")),
    _shows(
        "a schedule time of nanoseconds",
        {"scheduleTime": IN_AN_HOUR.replace("Z", ".123456789Z")},
        {"scheduleTime": IN_AN_HOUR.replace("Z", ".123456Z")},
        documented("2.6"),
    ),
    _shows(
        "a schedule time in the past",
        {"scheduleTime": "2001-01-01T00:00:00Z"},
        {"scheduleTime": Like(r"20[2-9]\d-.*")},
        documented("2.6"),
    ),
    *(
        _invalid(f"a schedule time in {given[:7]}", {"scheduleTime": given}, _TOO_FAR.format(shown), seen("4.4"))
        for given, shown in (
            ("2100-01-01T00:00:00Z", "2099-12-31T16:00:00-08:00"),
            ("2036-07-01T12:00:00Z", "2036-07-01T05:00:00-07:00"),
        )
    ),
    *(
        _shows(
            f"a deadline of {given}",
            {"dispatchDeadline": given},
            {"dispatchDeadline": shown},
            mark,
            versions=WITH_DEADLINES,
        )
        for given, shown, mark in (
            ("15s", "15s", documented("5.6")),
            ("1800s", "1800s", documented("5.6")),
            ("15.123456s", "15.123s", documented("2.6")),
        )
    ),
    *(
        _invalid(f"a deadline of {given}", {"dispatchDeadline": given}, _DEADLINE, seen("4.4"), versions=WITH_DEADLINES)
        for given in ("0s", "14.999s", "1800.001s", "-1s")
    ),
    _shows(
        "a retry configuration",
        {"retryConfig": {"maxAttempts": 3}},
        {"retryConfig": DEFAULT | {"maxAttempts": 3}},
        inferred("2.6"),
        versions=WITH_DEADLINES,
    ),
    _invalid(
        "a bad retry configuration",
        {"retryConfig": {"maxAttempts": -2}},
        "RetryConfig.maxAttempts must be greater or equal to -1.",
        inferred("2.6"),
        versions=WITH_DEADLINES,
    ),
    _shows(
        "output-only fields",
        {"createTime": "2001-01-01T00:00:00Z", "view": "FULL"},
        {"createTime": Like(r"20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "view": "BASIC"},
        documented("2.6"),
    ),
]

_QUEUES = [
    *(
        refuses("CreateTask", case, _THIS, "NOT_FOUND", QUEUE_MISSING, seen("4.3"), given=given)
        for case, given in (("a missing queue", ()), ("a deleted queue", A_DELETED_QUEUE))
    ),
    refuses(
        "CreateTask",
        "a bad task for a missing queue",
        {"parent": QUEUE, "task": {"httpRequest": {"url": "ftp://example.com"}}},
        "NOT_FOUND",
        QUEUE_MISSING,
        inferred("4.4"),
    ),
    refuses(
        "CreateTask",
        "a bad parent",
        {"parent": BAD_QUEUE, "task": HTTP},
        "INVALID_ARGUMENT",
        QUEUE_NAME_FORM,
        inferred("4.4"),
        details=[QUEUE_NAME_HELP],
    ),
    refuses(
        "CreateTask",
        "no request",
        {"parent": QUEUE, "task": {"name": TASK}},
        "INVALID_ARGUMENT",
        _NO_REQUEST,
        inferred("4.4"),
        given=a_queue(),
    ),
    refuses(
        "CreateTask",
        "a push task in a pull queue",
        {"parent": QUEUE, "task": HTTP},
        "INVALID_ARGUMENT",
        "Task.pullMessage must be set in a pull queue, and no request.",
        documented("2.1"),
        given=A_PULL_QUEUE,
    ),
    refuses(
        "CreateTask",
        "a pull task in a push queue",
        {"parent": QUEUE, "task": {"pullMessage": {"tag": "blue"}}},
        "INVALID_ARGUMENT",
        "Task.pullMessage cannot be set in a push queue: set a request, or use a pull queue.",
        documented("2.1"),
        given=a_queue(),
        versions=["v2beta2"],
    ),
]

ROWS = [*_NAMES, *_TIMES, *_QUEUES]
