"""Requests over REST that the fuzzers send, and what every answer to them must be."""

import gzip
import http.client
import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from hypothesis import strategies as st

from broker.errors import Code
from tests.api.fuzz.mutation import mutated
from tests.api.fuzz.values import texts

VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"]
_TYPES = ["application/json", "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=é"]


@dataclass
class Request:
    """A request, and the method it was made for."""

    method: str
    verb: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    names: str = ""
    """The names of resources in it, spelled out."""


_headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(_TYPES),
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "br", "identity", ""]),
        "X-Goog-FieldMask": st.sampled_from(["*", "name", "queues(name", "a..b", "\u00e9"]),
        "X-HTTP-Method-Override": st.sampled_from(VERBS),
        "User-Agent": st.sampled_from(["gzip", ""]),
        "Accept-Encoding": st.sampled_from(["gzip", "gzip;q=0", "*;q=x"]),
        "X-Any": st.sampled_from(["\u00e9", "", "a"]),
        "X-Server-Timeout": st.sampled_from(["60", "-1", "nan", "x"]),
    },
)
_system_parameters = st.lists(
    st.tuples(
        st.sampled_from(
            ["fields", "$fields", "alt", "$alt", "prettyPrint", "key", "callback", "$.xgafv", "x", "task.name"]
        ),
        st.sampled_from(["", "*", "name", "json;enum-encoding=int", "media", "false", "(,)", "1"]) | texts,
    ),
    max_size=2,
)


rarely = st.sampled_from([False, False, False, True])


@st.composite
def strange(draw: st.DrawFn, request: Request) -> Request:
    """The request with what a front end may stumble over."""
    request.headers = draw(_headers)
    request.query = request.query + draw(_system_parameters)
    if draw(rarely):
        request.body = draw(mutated(request.body))
    if request.headers.get("Content-Encoding") == "gzip" and not draw(rarely):
        request.body = gzip.compress(request.body)
    if draw(rarely):
        request.verb = draw(st.sampled_from(VERBS))
    return request


def answer(connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
    """The status and the plain body that a request is answered with."""
    path = request.path + ("?" + urlencode(request.query, errors="replace") if request.query else "")
    connection.request(request.verb, path, request.body, {k: v.encode("latin-1") for k, v in request.headers.items()})
    response = connection.getresponse()
    body = response.read()
    return response.status, gzip.decompress(body) if response.headers["Content-Encoding"] == "gzip" else body


def check_error(status: int, body: bytes, *, legacy: bool = False) -> None:
    """The error is not ours, and has the standard shape."""
    assert 400 <= status < 500 or status == 501, body
    error = json.loads(body)["error"]
    assert error["code"] == status
    assert legacy or error["status"] in Code.__members__
    assert error["message"]
    assert set(error) <= {"code", "message", "status", "details", "errors"}
    assert all("@type" in detail for detail in error.get("details", []))
