"""The HTTP requests of tasks: how they are stored, and which are refused."""

from collections.abc import Iterator
from typing import Any

from google.cloud.tasks_v2 import types
from google.protobuf import json_format

from tests.api.conformance.given import A_ROUTED_QUEUE, a_paused_queue
from tests.api.conformance.matching import MICROSECOND, WHOLE_SECOND, Shows
from tests.api.conformance.names import IN_AN_HOUR, QUEUE, TASK, URL
from tests.api.conformance.row import VERSIONS, Evidence, Row, answers, documented, inferred, refuses, seen

BODY = "eyJoZWxsbyI6IndvcmxkIn0="
AGENT = {"User-Agent": "Google-Cloud-Tasks"}
_SENT = {"X-Mixed-Case": "preserve-me", "content-type": "application/json"}
_ACCOUNT = {"serviceAccountEmail": "worker@example.com"}
_LARGEST_BYTES = 1_048_569
_HEADER_BYTES = 81_920
_DEADLINES = {"v2": {"dispatchDeadline": "600s"}, "v2beta3": {"dispatchDeadline": "600s"}, "v2beta2": {"status": {}}}


def _request(request: dict[str, Any], view: str = "", **fields: Any) -> dict[str, Any]:
    task = {"parent": QUEUE, "task": {"httpRequest": {"url": URL} | request, **fields}}
    return task | ({"responseView": view} if view else {})


def _stored(case: str, request: dict[str, Any], shown: dict[str, Any], mark: Evidence, **more: Any) -> Row:
    shown = {"httpRequest": Shows(shown)}
    given = more.pop("given", a_paused_queue())
    return answers("CreateTask", case, _request(request, "FULL"), Shows(shown), mark, given=given, **more)


def _invalid(case: str, request: dict[str, Any], text: str, mark: Evidence, **more: Any) -> Row:
    given = a_paused_queue()
    return refuses("CreateTask", case, _request(request), "INVALID_ARGUMENT", text, mark, given=given, **more)


def _whole_tasks() -> Iterator[Row]:
    """Every field of the answer: in BASIC view there is no body."""
    for version in VERSIONS:
        common = {"name": TASK, "scheduleTime": MICROSECOND, "createTime": WHOLE_SECOND} | _DEADLINES[version]
        for view, body in (("", {}), ("BASIC", {}), ("FULL", {"body": BODY})):
            request = _request({"headers": _SENT, "body": BODY}, view, name=TASK)
            http = {"url": URL, "httpMethod": "POST", "headers": _SENT | AGENT} | body
            shown = common | {"httpRequest": http, "view": view or "BASIC"}
            case = f"all of a task in view {view or 'unspecified'}"
            mark = seen("2.12") if version == "v2" else inferred("2.12")
            yield answers("CreateTask", case, request, shown, mark, given=a_paused_queue(), versions=[version])


def largest_body(stored: dict[str, Any]) -> int:
    """How long a body can be: the task as stored, with a body of so many bytes, has the largest size."""
    task = json_format.ParseDict(stored, types.Task.pb()())
    kind = task.WhichOneof("message_type")
    length = _LARGEST_BYTES - task.ByteSize() - 20
    while True:
        getattr(task, kind).body = bytes(length + 1)
        if task.ByteSize() > _LARGEST_BYTES:
            return length
        length += 1


def _sizes() -> Iterator[Row]:
    """To the byte; what is measured is the stored task with its defaults, as v2 has them."""
    stored = {
        "name": TASK,
        "httpRequest": {"url": URL, "httpMethod": "POST", "headers": AGENT},
        "scheduleTime": IN_AN_HOUR,
        "createTime": IN_AN_HOUR,
        "dispatchDeadline": "600s",
    }
    length = largest_body(stored)
    fits, too_large = (
        _request({"body": zeros(size)}, name=TASK, scheduleTime=IN_AN_HOUR) for size in (length, length + 1)
    )
    given = a_paused_queue()
    yield answers("CreateTask", "the largest HTTP task", fits, Shows({"name": TASK}), seen("6"), given=given)
    text = "Task size too large"
    yield refuses(
        "CreateTask", "an HTTP task one byte too large", too_large, "INVALID_ARGUMENT", text, seen("6"), given=given
    )


def zeros(count: int) -> str:
    """So many zero bytes in base64."""
    whole, rest = divmod(count, 3)
    return "AAAA" * whole + ("", "AA==", "AAA=")[rest]


_SCHEME = "HttpTarget.url must start with 'http://' or 'https://'."
_HOST = (
    'HttpRequest.url has the host "{}", which is not valid: write a host name in ASCII (xn-- for others) or an IP '
    "address, and a port up to 65535."
)
_LONG_URL = f"{URL}{'u' * (2083 - len(URL))}"

ROWS = [
    *_whole_tasks(),
    *_sizes(),
    _stored("the caller's User-Agent", {"headers": {"user-agent": "mine"}}, {"headers": AGENT}, seen("2.12")),
    _stored("a broken escape in the URL", {"url": f"{URL}%zz"}, {"url": f"{URL}%zz"}, seen("2.8")),
    _stored("unsafe characters in the URL", {"url": f"{URL}a b"}, {"url": f"{URL}a%20b"}, documented("2.8")),
    _stored("a URL of 2083 characters", {"url": _LONG_URL}, {"url": _LONG_URL}, documented("2.8")),
    *(
        _stored(
            f"a body with {method}",
            {"httpMethod": method, "body": BODY},
            {"httpMethod": method, "body": BODY},
            documented("2.8"),
        )
        for method in ("POST", "PUT", "PATCH")
    ),
    *(
        _stored(f"{method}", {"httpMethod": method}, {"httpMethod": method}, documented("2.8"))
        for method in ("GET", "HEAD", "DELETE", "OPTIONS")
    ),
    *(
        _invalid(
            f"a body with {method}",
            {"httpMethod": method, "body": BODY},
            f"HTTP method {method} does not allow a body.",
            documented("4.4"),
        )
        for method in ("GET", "HEAD", "DELETE", "OPTIONS")
    ),
    _stored(
        "an OIDC token",
        {"oidcToken": _ACCOUNT | {"audience": "a"}},
        {"oidcToken": _ACCOUNT | {"audience": "a"}},
        documented("2.8"),
    ),
    _stored(
        "an OAuth token",
        {"oauthToken": _ACCOUNT | {"scope": "s"}},
        {"oauthToken": _ACCOUNT | {"scope": "s"}},
        documented("2.8"),
    ),
    *(
        _invalid(f"an {name} without an account", {name: {}}, "service_account_email must be set.", seen("4.4"))
        for name in ("oidcToken", "oauthToken")
    ),
    _invalid("no URL", {"url": ""}, "HttpRequest.url is required.", seen("4.4")),
    _stored(
        "no URL where the queue names a host",
        {"url": ""},
        {"httpMethod": "POST"},
        inferred("5.4"),
        given=A_ROUTED_QUEUE,
    ),
    _invalid("a URL without a scheme", {"url": "example.com/path"}, _SCHEME, seen("4.4")),
    _invalid("a URL of another scheme", {"url": "ftp://example.com/"}, _SCHEME, seen("4.4")),
    _invalid(
        "a URL without a host",
        {"url": "http:///p"},
        "HttpRequest.url must name a host, as in https://example.com/path.",
        inferred("2.8"),
    ),
    _invalid("a URL with a bad port", {"url": "http://h:70000/"}, _HOST.format("h:70000"), inferred("2.8")),
    _invalid(
        "a URL that is too long",
        {"url": f"{_LONG_URL}u"},
        "HttpRequest.url must have at most 2083 characters after percent-encoding.",
        documented("2.8"),
    ),
    _invalid(
        "headers that are too large",
        {"headers": {"A": "x" * _HEADER_BYTES}},
        f"HttpRequest.headers must have at most {_HEADER_BYTES} bytes in all.",
        documented("2.8"),
    ),
    _invalid(
        "a header name with a space",
        {"headers": {"a b": "c"}},
        "HttpRequest.headers has the name 'a b', which is not valid: use letters, digits and any of !#$%&'*+-.^_`|~",
        inferred("5.3"),
    ),
    _invalid(
        "a header value with a line break",
        {"headers": {"A": "b\nc"}},
        "HttpRequest.headers: the value of A holds a line break or another control character.",
        inferred("5.3"),
    ),
    _invalid(
        "a method that there is not",
        {"httpMethod": 99},
        "Invalid value at 'task.http_request.http_method' (type.googleapis.com/google.cloud.tasks.v2.HttpMethod), 99",
        inferred("3.2"),
        versions=["v2"],
    ),
]
