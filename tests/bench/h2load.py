"""Unary gRPC calls as fast as a client in C can make them: h2load with a fixed request."""

import re
import tempfile

from tests.bench.children import output_of
from tests.bench.machine import program

_CONNECTIONS = 4


def grpc_calls(address: str, method: str, request: bytes, seconds: float, *, streams: int = 16) -> float:
    """Calls of a method a second that are answered, with one request over and over, on four connections.

    64 calls are open at once, as with wrk, unless `streams` of a connection says otherwise. Raises Missing.
    Whether they succeeded is for the caller to find out: h2load does not look at gRPC's status.
    """
    path = program("h2load", "nghttp2-client")
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"\0" + len(request).to_bytes(4, "big") + request)
        body.flush()
        load = ("-c", _CONNECTIONS, "-m", streams, "-D", max(1, round(seconds)), "--warm-up-time", "300ms")
        headers = ("-H", "content-type: application/grpc", "-H", "te: trailers")
        output = output_of(path, *load, *headers, "-d", body.name, f"http://{address}{method}")
    finished = re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", output)
    assert finished, output
    return float(finished[1])
