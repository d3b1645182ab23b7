"""Tasks read, listed, deleted, run."""

from tests.api.conformance.given import (
    A_DELETED_QUEUE,
    A_DELETED_TASK,
    A_PULL_TASK,
    a_paused_queue,
    a_task,
)
from tests.api.conformance.matching import MICROSECOND, TEXT, Shows
from tests.api.conformance.names import BAD_QUEUE, BAD_TASK, HTTP, QUEUE, TASK, TASK_OF_BAD_QUEUE, URL
from tests.api.conformance.row import WITH_DEADLINES, Call, answers, documented, inferred, refuses, seen
from tests.api.conformance.rows.http_tasks import AGENT, BODY
from tests.api.conformance.texts import (
    ENTITY_MISSING,
    QUEUE_MISSING,
    QUEUE_NAME_FORM,
    QUEUE_NAME_HELP,
    TASK_GONE,
    TASK_ID_HELP,
    TASK_NAME_FORM,
    bad_task_id,
)

_THIS = {"name": TASK}
_LIST = {"parent": QUEUE}
_METHODS = ("GetTask", "DeleteTask", "RunTask")
_WITH_BODY = a_task(httpRequest={"url": URL, "headers": {"A": "b"}, "body": BODY})
_STORED = {"url": URL, "httpMethod": "POST", "headers": {"A": "b"} | AGENT}
_BY_VIEW = [("", {}), ("BASIC", {}), ("FULL", {"body": BODY})]
_TWO = [*a_task(), Call("CreateTask", {"parent": QUEUE, "task": HTTP})]
_ATTEMPTED = {
    "dispatchCount": 1,
    "firstAttempt": {"dispatchTime": MICROSECOND},
    "lastAttempt": {"scheduleTime": MICROSECOND, "dispatchTime": MICROSECOND},
}
_STATUS = {
    "attemptDispatchCount": 1,
    "firstAttemptStatus": _ATTEMPTED["firstAttempt"],
    "lastAttemptStatus": _ATTEMPTED["lastAttempt"],
}
_VIEW = "Invalid value at 'response_view' (type.googleapis.com/google.cloud.tasks.v2.Task.View), 9"

_FOUND = [
    *(
        answers(
            "GetTask",
            f"view {view or 'unspecified'}",
            _THIS | ({"responseView": view} if view else {}),
            Shows({"name": TASK, "httpRequest": _STORED | body, "view": view or "BASIC"}),
            seen("2.7"),
            given=_WITH_BODY,
        )
        for view, body in _BY_VIEW
    ),
    *(
        answers(
            "ListTasks",
            f"view {view or 'unspecified'}",
            _LIST | ({"responseView": view} if view else {}),
            {"tasks": [Shows({"httpRequest": _STORED | body, "view": view or "BASIC"})]},
            documented("2.7"),
            given=_WITH_BODY,
        )
        for view, body in _BY_VIEW
    ),
    answers("ListTasks", "no tasks", _LIST, {}, documented("3.2"), given=a_paused_queue()),
    answers(
        "ListTasks",
        "a page",
        _LIST | {"pageSize": 1},
        {"tasks": [Shows({"view": "BASIC"})], "nextPageToken": TEXT},
        documented("3.4"),
        given=_TWO,
    ),
    answers("DeleteTask", "a task", _THIS, {}, documented("3.1"), given=a_task()),
    answers(
        "RunTask",
        "a task of a paused queue",
        _THIS,
        Shows(_ATTEMPTED),
        documented("5.10"),
        given=a_task(),
        versions=WITH_DEADLINES,
    ),
    answers(
        "RunTask",
        "a task of a paused queue",
        _THIS | {"responseView": "FULL"},
        Shows({"status": _STATUS, "view": "FULL"}),
        documented("5.10"),
        given=a_task(),
        versions=["v2beta2"],
    ),
]

_MISSING = [
    *(
        refuses(method, "a missing task", _THIS, "NOT_FOUND", ENTITY_MISSING, seen("4.4"), given=a_paused_queue())
        for method in _METHODS
    ),
    *(
        refuses(method, "a deleted task", _THIS, "NOT_FOUND", TASK_GONE, mark, given=A_DELETED_TASK)
        for method, mark in zip(_METHODS, (seen("4.4"), inferred("4.4"), inferred("4.4")), strict=True)
    ),
    *(
        refuses(method, "a task of a missing queue", _THIS, "NOT_FOUND", ENTITY_MISSING, inferred("4.4"))
        for method in _METHODS
    ),
    *(
        refuses("ListTasks", case, _LIST, "NOT_FOUND", QUEUE_MISSING, seen("4.3"), given=given)
        for case, given in (("a missing queue", ()), ("a deleted queue", A_DELETED_QUEUE))
    ),
]

_INVALID = [
    *(
        refuses(
            method,
            "a bad id",
            {"name": BAD_TASK},
            "INVALID_ARGUMENT",
            bad_task_id("bad.task"),
            inferred("4.4"),
            details=[TASK_ID_HELP],
        )
        for method in _METHODS
    ),
    *(
        refuses(method, "a bad queue", {"name": TASK_OF_BAD_QUEUE}, "INVALID_ARGUMENT", TASK_NAME_FORM, inferred("4.4"))
        for method in _METHODS
    ),
    refuses(
        "ListTasks",
        "a bad queue",
        {"parent": BAD_QUEUE},
        "INVALID_ARGUMENT",
        QUEUE_NAME_FORM,
        inferred("4.3"),
        details=[QUEUE_NAME_HELP],
    ),
    *(
        refuses("ListTasks", case, _LIST | fields, "INVALID_ARGUMENT", text, inferred("3.4"), given=a_paused_queue())
        for case, fields, text in (
            ("a negative page size", {"pageSize": -1}, "page_size cannot be negative."),
            ("a token that is none", {"pageToken": "%"}, "page_token is invalid. Start again without a token."),
        )
    ),
    *(
        refuses(
            method,
            "a view that there is not",
            request | {"responseView": 9},
            "INVALID_ARGUMENT",
            _VIEW,
            inferred("3.2"),
            given=a_task(),
            versions=["v2"],
        )
        for method, request in (
            ("GetTask", _THIS),
            ("RunTask", _THIS),
            ("ListTasks", _LIST),
            ("CreateTask", _LIST | {"task": HTTP}),
        )
    ),
    refuses(
        "RunTask",
        "a pull task",
        _THIS,
        "FAILED_PRECONDITION",
        "A task of a pull queue cannot be run: a worker leases it.",
        documented("5.10"),
        given=A_PULL_TASK,
    ),
]

ROWS = [*_FOUND, *_MISSING, *_INVALID]
