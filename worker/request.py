"""What goes over the wire for one attempt of a task (Cloud Tasks specification, 5.2, 5.3 and 5.7). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from broker.model.task import APP_ENGINE_USER_AGENT, USER_AGENT, AppEngineHttpRequest, HttpRequest

_OURS = frozenset({"host", "content-length", "user-agent"})
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "upgrade", "te", "keep-alive", "expect"})
_RESERVED_PREFIXES = ("x-google-", "x-appengine-", "x-cloudtasks-", "proxy-")
_OF_APP_ENGINE = frozenset({"x-appengine-current-namespace", "x-appengine-default-namespace", "x-appengine-failfast"})
"""Reserved headers that tasks of App Engine may set."""
_USER_IP = "0.1.0.2"
"""The sender's address, which SDKs take for the task queue service."""

_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed attempt: which task, and what earlier attempts came to."""

    queue_id: str
    task_id: str
    schedule_us: int
    retry_count: int
    """Earlier dispatches of the task."""
    execution_count: int
    """Earlier attempts that were answered, for an HTTP task with anything but a 5xx."""
    previous_status: int | None
    """Outcome of the attempt before: its status, 504 for a timeout, 0 for no connection; None if unknown."""
    dispatch_deadline_us: int


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """An HTTP request ready to be sent. Content-Length is left to the sender, and so is Host unless it is given."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    """In order, in the casing that goes on the wire. Only tasks of App Engine can repeat a name."""
    body: bytes
    deadline_us: int
    """Longest time from the start of the attempt to the complete answer."""


def build_request(request: HttpRequest, delivery: Delivery, authorization: str | None) -> OutgoingRequest:
    """The request of one attempt of an HTTP task. `authorization` replaces the task's own Authorization header."""
    headers = {name.lower(): (name, value) for name, value in _user_headers(request.headers)}
    if authorization is not None:
        headers["authorization"] = ("Authorization", authorization)
    return OutgoingRequest(
        method=request.method.value,
        url=request.url,
        headers=[("User-Agent", USER_AGENT), *headers.values(), *_task_headers(delivery, "X-CloudTasks-", "")],
        body=request.body,
        deadline_us=delivery.dispatch_deadline_us,
    )


def build_app_engine_request(
    request: AppEngineHttpRequest, delivery: Delivery, *, base_url: str, host: str, default_host: str, ticket: str
) -> OutgoingRequest:
    """The request of one attempt of an App Engine task. It goes to the base URL and says that it is for `host`.

    With the ticket the service can make calls of the App Engine API; `default_host` is that of the default service.
    A status of 504 counts as a timeout: the record does not tell one from a service that answered so.
    """
    agent = next((value for name, value in request.headers if name.lower() == "user-agent"), APP_ENGINE_USER_AGENT)
    if delivery.previous_status in (0, 504):
        delivery, reason = replace(delivery, previous_status=0), "Instance Unavailable"
    else:
        reason = "App Error"
    return OutgoingRequest(
        method=request.method.value,
        url=base_url + request.relative_uri,
        headers=[
            ("Host", host),
            ("User-Agent", agent),
            *_user_headers(request.headers, _OF_APP_ENGINE),
            ("X-AppEngine-Country", "ZZ"),
            ("X-AppEngine-User-IP", _USER_IP),
            ("X-AppEngine-API-Ticket", ticket),
            ("X-AppEngine-Default-Version-Hostname", default_host),
            *_task_headers(delivery, "X-AppEngine-", reason),
        ],
        body=request.body,
        deadline_us=delivery.dispatch_deadline_us,
    )


def _user_headers(
    headers: tuple[tuple[str, str], ...], allowed: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """The headers a task may set, in order; `allowed` ones although their prefix is reserved.

    Names that are not HTTP tokens could forge other headers, so they are dropped; a line break in a value
    becomes a space (RFC 9110, 5.5).
    """
    for name, value in headers:
        key = name.lower()
        if key in _OURS or key in _HOP_BY_HOP or (key.startswith(_RESERVED_PREFIXES) and key not in allowed):
            continue
        if _token.fullmatch(name):
            yield name, _control.sub(" ", value)


def _task_headers(delivery: Delivery, prefix: str, retry_reason: str) -> Iterator[tuple[str, str]]:
    seconds, fraction = divmod(delivery.schedule_us, 1_000_000)
    yield f"{prefix}QueueName", delivery.queue_id
    yield f"{prefix}TaskName", delivery.task_id
    yield f"{prefix}TaskRetryCount", str(delivery.retry_count)
    yield f"{prefix}TaskExecutionCount", str(delivery.execution_count)
    yield f"{prefix}TaskETA", f"{seconds}.{fraction:06d}"
    if delivery.retry_count > 0:
        if delivery.previous_status is not None:
            yield f"{prefix}TaskPreviousResponse", str(delivery.previous_status)
        yield f"{prefix}TaskRetryReason", retry_reason
