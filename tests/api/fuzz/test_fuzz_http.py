"""Bytes that are almost HTTP, or almost HTTP/2: the node answers what can be answered, and goes on."""

import socket
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from tests.api.fuzz.conftest import Fuzzed
from tests.api.fuzz.mutation import mutated
from tests.api.fuzz.running import fuzzed as running
from tests.api.fuzz.values import LOCATION

_TASK = b'{"task": {"httpRequest": {"url": "http://127.0.0.1:1/"}}}'
_SEEDS = [
    f"GET /v2/{LOCATION}/queues?pageSize=2&fields=queues(name) HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n".encode(),
    f"POST /v2/{LOCATION}/queues/a/tasks HTTP/1.1\r\nHost: h\r\nContent-Length: {len(_TASK)}\r\n\r\n".encode() + _TASK,
    f"POST /v2/{LOCATION}/queues/a/tasks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(_TASK), _TASK),
    b"POST /rpc_http HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    b"POST /v2/%ff/\xff?\xff=%ff HTTP/1.1\r\nHost: \xff\r\nContent-Type: \xff\r\nContent-Encoding: \xff\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\nExpect: 100-continue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http://h/v2/projects/p/locations HTTP/1.1\r\nHost: h\r\n\r\n",
]
_HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("00000004000000000000000408000000000000010000")


def _exchange(address: tuple[str, int], sent: bytes) -> bytes:
    """What a node answers to bytes before it closes, or before it waits for more."""
    with socket.create_connection(address, timeout=10) as connection:
        received = b""
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except ConnectionError:
            pass
        return received


@running(250)
@given(request=st.sampled_from(_SEEDS).flatmap(mutated))
def test_almost_http(fuzzed: Fuzzed, request: bytes) -> None:
    url = urlsplit(fuzzed.node.http)
    answer = _exchange((url.hostname or "", url.port or 0), request)
    assert not answer.startswith(b"HTTP/1.1 5") or answer.startswith((b"HTTP/1.1 501", b"HTTP/1.1 503")), answer
    assert b"Traceback" not in answer


@running(60)
@given(request=mutated(_HTTP_2) | st.binary(max_size=60).map(_HTTP_2.__add__))
def test_almost_http_2(fuzzed: Fuzzed, request: bytes) -> None:
    host, _, port = fuzzed.node.grpc.rpartition(":")
    assert b"Traceback" not in _exchange((host, int(port)), request)


def test_nothing_is_lost_and_nothing_is_in_the_log(fuzzed: Fuzzed) -> None:
    fuzzed.check()
