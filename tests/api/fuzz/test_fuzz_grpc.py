"""Valid and broken messages to every gRPC method: never an internal error, never a lost task."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from broker.api.rpcs import RPCS, Rpc
from tests.api.fuzz.conftest import Fuzzed
from tests.api.fuzz.mutation import mutated
from tests.api.fuzz.rendering import filled
from tests.api.fuzz.running import fuzzed as running
from tests.api.fuzz.values import fields_of, kinds, resources, texts

CLIENTS_FAULT = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
}
URL_SYNTAX = "/:?@!$&'()*+,;=[]%"
_ROWS = {f"/{rpc.service}/{rpc.method}": rpc for rpc in RPCS}
_MASKS = st.sampled_from(["*", "name", "queues(name,state)", "tasks/name,nextPageToken", "(", "a..b", "name" * 500])


@st.composite
def payloads(draw: st.DrawFn, rpc: Rpc) -> bytes:
    """A request message of the method, at times with bytes changed."""
    request = filled(rpc.request(), draw(fields_of(rpc.request)))
    for path, kind in kinds(rpc.path).items():
        *parents, leaf = path.split(".")
        target = request
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, leaf, draw(resources(rpc.method, kind)))
    payload = request.SerializeToString()
    return draw(mutated(payload)) if draw(st.integers(0, 9)) == 5 else payload


calls = st.sampled_from(list(_ROWS)).flatmap(lambda path: st.tuples(st.just(path), payloads(_ROWS[path])))


@pytest.fixture(scope="module")
def channel(fuzzed: Fuzzed) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(fuzzed.node.grpc) as channel:
        yield channel


def _text(rpc: Rpc, payload: bytes) -> str:
    """A request with its names spelled out."""
    try:
        return str(rpc.request.FromString(payload))
    except DecodeError:
        return ""


@running(800)
@given(call=calls, mask=st.none() | _MASKS)
def test_any_message(fuzzed: Fuzzed, channel: grpc.Channel, call: tuple[str, bytes], mask: str | None) -> None:
    path, payload = call
    rpc = _ROWS[path]
    metadata = [("x-goog-fieldmask", mask)] if mask else []
    method = channel.unary_unary(path)
    try:
        answer: Any = rpc.response.FromString(method(payload, timeout=20, metadata=metadata))
    except grpc.RpcError as error:
        code, text = error.code(), error.details()
    else:
        fuzzed.ledger.note(rpc.method, _text(rpc, payload), json_format.MessageToDict(answer))
        return
    assert code in CLIENTS_FAULT, (rpc.method, payload, text)


@running(50)
@given(path=texts, payload=st.binary(max_size=50))
def test_any_path(channel: grpc.Channel, path: str, payload: bytes) -> None:
    name = "/" + path.encode("ascii", "replace").decode().replace("\0", "/")
    method = channel.unary_unary(name)
    with pytest.raises(grpc.RpcError) as caught:
        method(payload, timeout=20)
    # Envoy takes what is no path of a URL for malformed HTTP.
    malformed = {grpc.StatusCode.INTERNAL} if quote(name, safe=URL_SYNTAX) != name else set()
    assert caught.value.code() in CLIENTS_FAULT | malformed


def test_nothing_is_lost_and_nothing_is_in_the_log(fuzzed: Fuzzed) -> None:
    fuzzed.check("CreateTask", "BatchCreateTasks", "BatchDeleteTasks", "UpdateQueue", "PurgeQueue")
