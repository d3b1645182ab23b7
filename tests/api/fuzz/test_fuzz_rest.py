"""Valid and broken requests to every REST path: never a server error, always the standard error body, no lost task."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.api.rpcs import RPCS, Rpc
from tests.api.fuzz.conftest import Fuzzed
from tests.api.fuzz.mutation import mutated_json
from tests.api.fuzz.rendering import as_json
from tests.api.fuzz.rest_calls import VERBS, Request, answer, check_error, rarely, strange
from tests.api.fuzz.running import fuzzed as running
from tests.api.fuzz.values import LOCATION, fields_of, kinds, resources, texts

_ROWS = {f"{rpc.verb} {rpc.path}": rpc for rpc in RPCS}
_OTHER_PATHS = [
    "/",
    "/$discovery/rest",
    "/discovery/v1/apis/cloudtasks/v2/rest",
    "/admin/v1/projects/local:reset",
    "/v1/apps/local",
    "/v1/projects/local/services/cloudtasks.googleapis.com",
    f"/{LOCATION}/queues/a",
    f"/{LOCATION}/queues/a/tasks",
    f"/{LOCATION}/queues/a/tasks/t",
    "/queueStats",
    "/v3/x",
    f"/v2/{LOCATION}/queues/a/b/c:d",
]


@st.composite
def requests(draw: st.DrawFn, rpc: Rpc) -> Request:
    """A request of a method, at times with parts of its body changed."""
    values = draw(fields_of(rpc.request))
    path, names = rpc.path, []
    for variable, kind in kinds(rpc.path).items():
        name = draw(resources(rpc.method, kind))
        names.append(name)
        path = path.replace(f"{{{variable}={kind}}}", quote(name, safe=draw(st.sampled_from(["/:", "/"]))), 1)
    message = as_json(rpc.request.DESCRIPTOR, values)
    content = message if rpc.body == "*" else message.pop(rpc.body, {}) if rpc.body else None
    request = Request(rpc.method, rpc.verb, path, names=" ".join([*names, str(values)]))
    if rpc.body != "*":
        request.query = [(key, _text(value)) for key, value in message.items()]
    if content is not None:
        request.body = json.dumps(draw(mutated_json(content)) if draw(rarely) else content).encode("utf-8", "replace")
    return request


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


calls = st.sampled_from(list(_ROWS)).flatmap(lambda key: requests(_ROWS[key]))
other_calls = st.builds(
    Request,
    st.just("other"),
    st.sampled_from(VERBS),
    st.sampled_from(_OTHER_PATHS) | texts.map(lambda text: "/" + quote(text)),
    body=st.sampled_from([b"", b"{}", b"null", b'{"task": {}}', b"\xff"]) | st.binary(max_size=9),
)


@pytest.fixture(scope="module")
def connection(fuzzed: Fuzzed) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(fuzzed.node.http).netloc, timeout=30)
    yield connection
    connection.close()


@running(800)
@given(request=calls | calls.flatmap(strange))
def test_any_request(fuzzed: Fuzzed, connection: http.client.HTTPConnection, request: Request) -> None:
    status, body = answer(connection, request)
    if request.verb == "HEAD":
        assert status < 500
    elif status == 200:
        fuzzed.ledger.note(request.method, request.names, json.loads(body))
    else:
        check_error(status, body)


@running(150)
@given(request=other_calls)
def test_any_other_path(fuzzed: Fuzzed, connection: http.client.HTTPConnection, request: Request) -> None:
    status, body = answer(connection, request)
    if status >= 400 and request.verb != "HEAD":
        check_error(status, body)
    assert status < 500 or status == 501


def test_nothing_is_lost_and_nothing_is_in_the_log(fuzzed: Fuzzed) -> None:
    fuzzed.check("BatchCreateTasks", "UpdateQueue", "PurgeQueue", "GetQueue")
