"""The App Engine requests of tasks: how they are stored, and which are refused."""

from collections.abc import Iterator
from typing import Any

from tests.api.conformance.given import a_paused_queue
from tests.api.conformance.matching import MICROSECOND, WHOLE_SECOND, Shows
from tests.api.conformance.names import IN_AN_HOUR, QUEUE, TASK
from tests.api.conformance.row import VERSIONS, WITH_DEADLINES, Row, answers, documented, inferred, refuses, seen
from tests.api.conformance.rows.http_tasks import BODY, largest_body, zeros

_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"
_HOST = {"host": "the-project.appspot.com"}
_OLD_NAMES = {"relativeUri": "relativeUrl", "body": "payload"}
_DEADLINE = "Task.dispatchDeadline must be between [15s, 24h15s]."


def _in_version(version: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request with the names that v2beta2 gives its fields."""
    return {_OLD_NAMES.get(name, name): value for name, value in request.items()} if version == "v2beta2" else request


def _call(version: str, request: dict[str, Any], **fields: Any) -> dict[str, Any]:
    task = {"appEngineHttpRequest": _in_version(version, request), **fields}
    return {"parent": QUEUE, "task": task, "responseView": "FULL"}


_STORED = [
    ("nothing said", {}, {"headers": {"User-Agent": _AGENT}}, seen("2.12")),
    (
        "a body",
        {"headers": {"X-Mixed-Case": "preserve-me"}, "body": BODY},
        {
            "headers": {
                "Content-Length": "17",
                "Content-Type": "application/octet-stream",
                "User-Agent": _AGENT,
                "X-Mixed-Case": "preserve-me",
            },
            "body": BODY,
        },
        seen("2.12"),
    ),
    (
        "a body with its type",
        {"headers": {"X-Mixed-Case": "preserve-me", "content-type": "application/json"}, "body": BODY},
        {
            "headers": {
                "Content-Length": "17",
                "User-Agent": _AGENT,
                "X-Mixed-Case": "preserve-me",
                "content-type": "application/json",
            },
            "body": BODY,
        },
        seen("2.12"),
    ),
    (
        "the caller's User-Agent",
        {"headers": {"User-Agent": "mine"}},
        {"headers": {"User-Agent": f"mine {_AGENT}"}},
        seen("2.12"),
    ),
    ("a relative URI", {"relativeUri": "/a?b=c"}, {"relativeUri": "/a?b=c"}, documented("2.9")),
]

_INVALID = [
    (
        "a URI without a slash",
        {"relativeUri": "a"},
        "AppEngineHttpRequest.relativeUri must begin with / and hold no spaces, unlike 'a'.",
        documented("2.9"),
    ),
    (
        "a URI with a space",
        {"relativeUri": "/a b"},
        "AppEngineHttpRequest.relativeUri must begin with / and hold no spaces, unlike '/a b'.",
        documented("2.9"),
    ),
    (
        "a URI that is too long",
        {"relativeUri": "/" + "u" * 2083},
        "AppEngineHttpRequest.relativeUri must have at most 2083 characters after percent-encoding.",
        documented("2.9"),
    ),
    (
        "a service that is none",
        {"appEngineRouting": {"service": "a.b"}},
        "AppEngineRouting.service is 'a.b': use letters, digits, hyphens and underscores, at most 100.",
        inferred("2.9"),
    ),
    *(
        (
            f"an App Engine body with {method}",
            {"httpMethod": method, "body": BODY},
            f"HTTP method {method} does not allow a body.",
            documented("4.4"),
        )
        for method in ("GET", "HEAD", "DELETE", "PATCH", "OPTIONS")
    ),
]


def _whole_tasks() -> Iterator[Row]:
    """Other than an HTTP task it has no dispatch deadline unless one was given."""
    for version in VERSIONS:
        common = {"name": TASK, "scheduleTime": MICROSECOND, "createTime": WHOLE_SECOND, "view": "FULL"}
        common |= {"status": {}} if version == "v2beta2" else {}
        for case, request, shown, mark in _STORED:
            stored = {"httpMethod": "POST", "appEngineRouting": _HOST, "relativeUri": "/"} | shown
            stored = {"headers": {"User-Agent": _AGENT}} | stored
            whole = common | {"appEngineHttpRequest": _in_version(version, stored)}
            call = _call(version, request, name=TASK)
            yield answers(
                "CreateTask", f"App Engine: {case}", call, whole, mark, given=a_paused_queue(), versions=[version]
            )


def _invalid_tasks() -> Iterator[Row]:
    for version in VERSIONS:
        for case, request, text, mark in _INVALID:
            yield refuses(
                "CreateTask",
                case,
                _call(version, request),
                "INVALID_ARGUMENT",
                text,
                mark,
                given=a_paused_queue(),
                versions=[version],
            )


def _deadlines() -> Iterator[Row]:
    for given in ("14.999s", "86415.001s"):
        request = _call("v2", {}, dispatchDeadline=given)
        yield refuses(
            "CreateTask",
            f"an App Engine deadline of {given}",
            request,
            "INVALID_ARGUMENT",
            _DEADLINE,
            seen("4.4"),
            given=a_paused_queue(),
            versions=WITH_DEADLINES,
        )
    for given in ("15s", "86415s"):
        request = _call("v2", {}, dispatchDeadline=given)
        shown = Shows({"dispatchDeadline": given})
        yield answers(
            "CreateTask",
            f"an App Engine deadline of {given}",
            request,
            shown,
            documented("5.6"),
            given=a_paused_queue(),
            versions=WITH_DEADLINES,
        )


def _sizes() -> Iterator[Row]:
    """To the byte. What is measured has the host in place of service, version and instance."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": "1048368", "User-Agent": _AGENT}
    for case, routing, host in (
        ("", {}, "the-project.appspot.com"),
        (" of a service", {"service": "worker", "version": "v1"}, "v1.worker.the-project.appspot.com"),
    ):
        stored = {
            "name": TASK,
            "appEngineHttpRequest": {
                "httpMethod": "POST",
                "appEngineRouting": {"host": host},
                "relativeUri": "/",
                "headers": headers,
            },
            "scheduleTime": IN_AN_HOUR,
            "createTime": IN_AN_HOUR,
        }
        length = largest_body(stored)
        fits, too_large = (
            _call("v2", {"body": zeros(size), "appEngineRouting": routing}, name=TASK, scheduleTime=IN_AN_HOUR)
            | {"responseView": "BASIC"}
            for size in (length, length + 1)
        )
        given = a_paused_queue()
        yield answers(
            "CreateTask",
            f"the largest App Engine task{case}",
            fits,
            Shows({"name": TASK}),
            seen("6"),
            given=given,
            versions=WITH_DEADLINES,
        )
        yield refuses(
            "CreateTask",
            f"an App Engine task{case} one byte too large",
            too_large,
            "INVALID_ARGUMENT",
            "Task size too large",
            seen("6"),
            given=given,
            versions=WITH_DEADLINES,
        )


ROWS = [*_whole_tasks(), *_invalid_tasks(), *_deadlines(), *_sizes()]
