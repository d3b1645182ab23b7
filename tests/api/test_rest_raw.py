"""REST callers that no client library is: bytes that are no HTTP, headers in no encoding, an end in the middle."""

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from yarl import URL

from broker.api.rest_server import RestServer
from tests.api.conftest import Serve
from tests.api.rows import ROWS

QUEUE = "projects/example.com:P/locations/L/queues/Q"


async def answer_to_garbage(port: int | None) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nbroken header\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def test_bytes_that_are_not_http(serve_rest: Serve, caplog: pytest.LogCaptureFixture) -> None:
    answer = await answer_to_garbage(URL(await serve_rest()).port)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"Traceback" not in answer
    assert "Traceback" not in caplog.text


async def test_bytes_that_are_not_http_are_told_of_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """Behind Envoy they never get to this server."""
    caplog.set_level(logging.INFO)
    server = RestServer(SimpleNamespace(), (), host="127.0.0.1", port=0)
    await answer_to_garbage(await server.start())
    await server.stop(0)
    assert "malformed HTTP request" in caplog.text
    assert "Traceback" not in caplog.text


async def answer_to(url: str, start: str, header: bytes) -> tuple[bytes, Any]:
    """Status line and error of the answer to a request with a header of any bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
    writer.write(f"{start} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n".encode() + header + b"\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head, json.loads(body)["error"]


@pytest.mark.parametrize("path", [f"/v2/{QUEUE}", "/elsewhere"])
async def test_an_expectation_that_is_not_known(serve_rest: Serve, path: str) -> None:
    head, error = await answer_to(await serve_rest(ROWS["GetQueue"]), f"GET {path}", b"Expect: 100-\xff")
    assert head.startswith(b"HTTP/1.1 417")
    assert "use 100-continue" in error["message"]


async def test_a_verb_that_is_not_utf_8(serve_rest: Serve) -> None:
    url = await serve_rest(ROWS["GetQueue"])
    head, error = await answer_to(url, f"POST /v2/{QUEUE}", b"X-HTTP-Method-Override: \xff")
    assert head.startswith(b"HTTP/1.1 405")
    assert "is not allowed on this path" in error["message"]


async def test_a_header_that_is_not_utf_8(serve_rest: Serve) -> None:
    url = await serve_rest(ROWS["GetQueue"])
    head, error = await answer_to(url, f"GET /v2/{QUEUE}", b"X-Goog-FieldMask: \xe9")
    assert head.startswith(b"HTTP/1.1 400")
    assert "é" in json.dumps(error["details"], ensure_ascii=False)


async def test_a_caller_that_goes_away_in_the_middle(serve_rest: Serve, caplog: pytest.LogCaptureFixture) -> None:
    port = URL(await serve_rest(ROWS["CreateTask"])).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /v2/{QUEUE}/tasks HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{{".encode())
    await asyncio.sleep(0.05)  # else the end arrives together with the start, and no call begins
    writer.write_eof()
    await reader.read()
    writer.close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert caplog.text == ""
