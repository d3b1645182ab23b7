"""Valid and broken requests to the legacy REST API: never a server error, its own error body, no lost task."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.api.legacy_rest.methods import METHODS
from tests.api.fuzz.conftest import Fuzzed
from tests.api.fuzz.mutation import mutated_json
from tests.api.fuzz.rest_calls import Request, answer, check_error, rarely, strange
from tests.api.fuzz.running import fuzzed as running
from tests.api.fuzz.values import LOCATION, task_ids, texts

_ROWS = {rpc.method: rpc for rpc in METHODS}
_numbers = st.sampled_from([*["1", "60"] * 9, "1000", "0", "-1", "604801", "2147483648", "x", ""])
_parameters = st.fixed_dictionaries(
    {"leaseSecs": _numbers, "numTasks": _numbers, "newLeaseSeconds": _numbers},
    optional={
        "groupByTag": st.sampled_from(["true", "false", "maybe"]),
        "getStats": st.sampled_from(["true", "1"]),
        "tag": texts,
    },
)
_bodies = st.fixed_dictionaries(
    {
        "queueName": st.sampled_from(["pull"] * 9 + ["a"]),
        "payloadBase64": st.sampled_from(["", "YQ==", "-_8"] * 9 + ["+/8=", "a", "é"]),
    },
    optional={
        "id": task_ids | st.just(""),
        "tag": texts,
        "leaseTimestamp": st.sampled_from(["0", "1800000000000000", "-1", "9" * 30, "x"]),
        "enqueueTimestamp": _numbers,
        "kind": st.just("taskqueues#task"),
        "retry_count": st.integers(-1, 3),
    },
)


@st.composite
def requests(draw: st.DrawFn, method: str) -> Request:
    """A request of a method, at times with parts of its body changed."""
    rpc, task = _ROWS[method], draw(st.one_of(task_ids, task_ids, texts))
    project, queue = (
        draw(st.sampled_from(["local"] * 4 + ["s~local", "x"])),
        draw(st.sampled_from(["pull"] * 6 + ["a", "%"])),
    )
    path = rpc.path.replace("{project=*}", project).replace("{taskqueue=*}", quote(queue))
    request = Request(method, rpc.verb, path.replace("{task=*}", quote(task, safe="")), list(draw(_parameters).items()))
    if rpc.verb in ("POST", "PATCH"):
        content = draw(_bodies)
        request.body = json.dumps(draw(mutated_json(content)) if draw(rarely) else content).encode("utf-8", "replace")
    request.names = f"{LOCATION}/queues/{queue}/tasks/{task}"
    return request


calls = st.sampled_from(list(_ROWS)).flatmap(requests)


@pytest.fixture(scope="module")
def connection(fuzzed: Fuzzed) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(fuzzed.node.http).netloc, timeout=30)
    yield connection
    connection.close()


@running(500)
@given(request=calls | calls.flatmap(strange))
def test_any_request(fuzzed: Fuzzed, connection: http.client.HTTPConnection, request: Request) -> None:
    status, body = answer(connection, request)
    if request.verb == "HEAD":
        assert status < 500
    elif status != 200:
        check_error(status, body, legacy=True)
    elif not body:
        fuzzed.ledger.note("DeleteTask", request.names, {})
    else:
        created = json.loads(body)
        made = request.verb == "POST" and request.path.endswith("/tasks") and "id" in created
        name = f"{LOCATION}/queues/pull/tasks/{created['id']}" if made else ""
        fuzzed.ledger.note("CreateTask" if made else request.method, "", {"name": name})


def test_nothing_is_lost_and_nothing_is_in_the_log(fuzzed: Fuzzed) -> None:
    fuzzed.check("CreateTask", "taskqueue.tasks.list", "taskqueue.tasks.lease")
