"""What goes over the wire for one attempt of a task (Cloud Tasks specification, 5.2, 5.3 and 5.7). Pure.

Tasks of one queue mostly differ in nothing but their body and what is told about the attempt. What they have in common
is a shape: made once, by whoever prepares requests, and turned into bytes once, by whoever sends them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from broker.model.task import APP_ENGINE_USER_AGENT, USER_AGENT, AppEngineHttpRequest, HttpMethod, HttpRequest

_OURS = frozenset({"host", "content-length", "user-agent"})
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "upgrade", "te", "keep-alive", "expect"})
_RESERVED_PREFIXES = ("x-google-", "x-appengine-", "x-cloudtasks-", "proxy-")
_OF_APP_ENGINE = frozenset({"x-appengine-current-namespace", "x-appengine-default-namespace", "x-appengine-failfast"})
"""Reserved headers that tasks of App Engine may set."""
_USER_IP = "0.1.0.2"
"""The sender's address, which SDKs take for the task queue service."""

_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Headers = Iterable[tuple[str, str]]


class Delivery(NamedTuple):
    """One claimed attempt: which task, and what earlier attempts came to."""

    task_id: str
    schedule_us: int
    retry_count: int
    """Earlier dispatches of the task."""
    execution_count: int
    """Earlier attempts that were answered, for an HTTP task with anything but a 5xx."""
    previous_status: int | None
    """Outcome of the attempt before: its status, 504 for a timeout, 0 for no connection; None if unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class RequestShape:
    """What the requests of like tasks have in common. Senders remember by identity what they made of one."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    """The first ones, in order, in the casing that goes on the wire. Only tasks of App Engine can repeat a name."""
    deadline_us: int
    """Longest time from the start of the attempt to the complete answer."""
    of_app_engine: bool = False


class OutgoingRequest(NamedTuple):
    """An HTTP request ready to be sent. Content-Length is left to the sender, and so is Host unless it is given."""

    shape: RequestShape
    body: bytes = b""
    last_lines: bytes = b""
    """The headers after those of the shape as they go on the wire, each line with its end."""

    @classmethod
    def of(cls, method: str, url: str, headers: Headers, body: bytes, deadline_us: int) -> "OutgoingRequest":
        """A request that shares nothing with others."""
        return cls(RequestShape(method, url, tuple(headers), deadline_us), body)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers, in order."""
        name_values = (line.split(": ", 1) for line in self.last_lines.decode().splitlines())
        return [*self.shape.headers, *((name, value) for name, value in name_values)]


def http_shape(request: HttpRequest, queue_id: str, deadline_us: int, authorization: str | None) -> RequestShape:
    """The shape of HTTP tasks that make this request. `authorization` replaces the task's own Authorization header."""
    headers = {name.lower(): (name, value) for name, value in _user_headers(request.headers)}
    if authorization is not None:
        headers["authorization"] = ("Authorization", authorization)
    return RequestShape(
        method=request.method.value,
        url=request.url,
        headers=(("User-Agent", USER_AGENT), *headers.values(), ("X-CloudTasks-QueueName", queue_id)),
        deadline_us=deadline_us,
    )


def app_engine_shape(
    request: AppEngineHttpRequest,
    queue_id: str,
    deadline_us: int,
    *,
    base_url: str,
    host: str,
    default_host: str,
    ticket: str,
) -> RequestShape:
    """The shape of App Engine tasks that make this request. They go to the base URL and say that they are for `host`.

    With the ticket the service can make calls of the App Engine API; `default_host` is that of the default service.
    """
    agent = next((value for name, value in request.headers if name.lower() == "user-agent"), APP_ENGINE_USER_AGENT)
    return RequestShape(
        method=request.method.value,
        url=base_url + request.relative_uri,
        headers=(
            ("Host", host),
            ("User-Agent", agent),
            *_user_headers(request.headers, _OF_APP_ENGINE),
            ("X-AppEngine-Country", "ZZ"),
            ("X-AppEngine-User-IP", _USER_IP),
            ("X-AppEngine-API-Ticket", ticket),
            ("X-AppEngine-Default-Version-Hostname", default_host),
            ("X-AppEngine-QueueName", queue_id),
        ),
        deadline_us=deadline_us,
        of_app_engine=True,
    )


def request_of(shape: RequestShape, delivery: Delivery, body: bytes) -> OutgoingRequest:
    """The request of one attempt. A body goes only with methods that allow one."""
    lines = _app_engine_lines(delivery) if shape.of_app_engine else _OF_HTTP.of(delivery, b"")
    return OutgoingRequest(shape, body if shape.method in _WITH_BODY else b"", lines)


_WITH_BODY = frozenset(method.value for method in HttpMethod if method.allows_body)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines that tell about an attempt, with the prefix of their names."""

    always: bytes
    status: bytes
    reason: bytes

    @classmethod
    def with_prefix(cls, prefix: str) -> "_Lines":
        return cls(
            f"{prefix}TaskName: %b\r\n{prefix}TaskRetryCount: %d\r\n"
            f"{prefix}TaskExecutionCount: %d\r\n{prefix}TaskETA: %d.%06d\r\n".encode(),
            f"{prefix}TaskPreviousResponse: %d\r\n".encode(),
            f"{prefix}TaskRetryReason: %b\r\n".encode(),
        )

    def of(self, delivery: Delivery, retry_reason: bytes) -> bytes:
        task_id, schedule_us, retry_count, execution_count, previous_status = delivery
        eta = divmod(schedule_us, 1_000_000)
        lines = self.always % (task_id.encode(), retry_count, execution_count, *eta)
        if retry_count > 0:
            if previous_status is not None:
                lines += self.status % previous_status
            lines += self.reason % retry_reason
        return lines


_OF_HTTP, _OF_SERVICE = _Lines.with_prefix("X-CloudTasks-"), _Lines.with_prefix("X-AppEngine-")


def _app_engine_lines(delivery: Delivery) -> bytes:
    """A status of 504 counts as a timeout: the record does not tell one from a service that answered so."""
    if delivery.previous_status in (0, 504):
        return _OF_SERVICE.of(delivery._replace(previous_status=0), b"Instance Unavailable")
    return _OF_SERVICE.of(delivery, b"App Error")


def _user_headers(headers: Headers, allowed: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
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
