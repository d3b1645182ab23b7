"""Valid and broken calls of the App Engine API: never an internal error, never a lost task."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.api.app_engine.admin_methods import ADMIN_METHODS
from broker.api.app_engine.envelope import RpcErrorCode
from broker.api.app_engine.messages import MESSAGES
from broker.api.app_engine.methods import METHODS
from broker.service.app_engine.errors import Result
from tests.api.fuzz.conftest import ADMIN_TICKET, Fuzzed
from tests.api.fuzz.mutation import mutated
from tests.api.fuzz.rendering import filled
from tests.api.fuzz.running import fuzzed as running
from tests.api.fuzz.values import LOCATION, fields_of

_METHODS = METHODS | ADMIN_METHODS
_OURS = {Result.INTERNAL_ERROR, Result.TRANSIENT_ERROR}


@dataclass
class Call:
    """A call and its envelope, of which bytes may have been changed."""

    method: str
    request: Any
    envelope: bytes


@st.composite
def calls(draw: st.DrawFn) -> Call:
    service, method = draw(st.sampled_from(list(_METHODS)))
    message_class = MESSAGES[_METHODS[service, method].request]
    request = filled(message_class(), draw(fields_of(message_class)))
    payload = request.SerializePartialToString()
    ticket = draw(st.sampled_from(["", ADMIN_TICKET]))
    if draw(st.integers(0, 9)) == 5:
        payload = draw(mutated(payload))
    message = MESSAGES["Request"](service_name=service, method=method, request=payload, request_id=ticket)
    envelope = message.SerializeToString()
    return Call(method, request, draw(mutated(envelope)) if draw(st.integers(0, 9)) == 5 else envelope)


@pytest.fixture(scope="module")
def connection(fuzzed: Fuzzed) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(fuzzed.node.http).netloc, timeout=30)
    yield connection
    connection.close()


@running(600)
@given(call=calls())
def test_any_call(fuzzed: Fuzzed, connection: http.client.HTTPConnection, call: Call) -> None:
    connection.request("POST", "/rpc_http", call.envelope)
    answer = connection.getresponse()
    assert answer.status == 200
    response = MESSAGES["Response"].FromString(answer.read())
    if response.HasField("rpc_error"):
        assert response.rpc_error.code not in (RpcErrorCode.UNKNOWN, RpcErrorCode.DEADLINE_EXCEEDED), response
    elif response.HasField("application_error"):
        assert Result(response.application_error.code) not in _OURS, response
        assert response.application_error.detail
    else:
        _note(fuzzed, call, response.response)


def _note(fuzzed: Fuzzed, call: Call, response: bytes) -> None:
    """A successful call, in the terms of Cloud Tasks."""
    if call.method == "BulkAdd":
        results = MESSAGES["BulkAddResponse"].FromString(response).taskresult
        for added, result in zip(call.request.add_request, results, strict=False):
            _note_added(fuzzed, added, result)
    elif call.method == "Add":
        _note_added(fuzzed, call.request, MESSAGES["AddResponse"].FromString(response))
    elif call.method in ("Delete", "PurgeQueue", "DeleteQueue"):
        fuzzed.ledger.note("PurgeQueue", _queue(call.request), {})
    fuzzed.ledger.note(f"App Engine {call.method}", "", {})


def _note_added(fuzzed: Fuzzed, added: Any, result: Any) -> None:
    if result.chosen_task_name and not added.app_id:
        name = f"{_queue(added)}/tasks/{result.chosen_task_name.decode()}"
        fuzzed.ledger.note("CreateTask", "", {"name": name})


def _queue(request: Any) -> str:
    return f"{LOCATION}/queues/{(request.queue_name or b'default').decode(errors='replace')}"


@running(100)
@given(body=st.binary(max_size=60), path=st.sampled_from(["/rpc_http", "/_ah/remote_api"]))
def test_any_bytes(connection: http.client.HTTPConnection, body: bytes, path: str) -> None:
    connection.request("POST", path, body)
    answer = connection.getresponse()
    assert answer.status == 200
    assert MESSAGES["Response"].FromString(answer.read()).rpc_error.code == RpcErrorCode.PARSE_ERROR


def test_nothing_is_lost_and_nothing_is_in_the_log(fuzzed: Fuzzed) -> None:
    fuzzed.check(*(f"App Engine {method}" for method in ("Add", "BulkAdd", "Delete", "PurgeQueue")))
