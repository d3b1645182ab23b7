"""The sender against targets that behave."""

import asyncio
import os
from pathlib import Path

import pytest

from broker.errors import StartupError
from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering, listening, read_request
from worker.aiohttp_sender import AiohttpSender
from worker.egress import EgressPolicy
from worker.outcome import Outcome, OutcomeKind, Reason

pytestmark = pytest.mark.usefixtures("each_sender")


@pytest.mark.parametrize(
    ("method", "body", "ending"),
    [
        ("POST", b"work", b"Content-Length: 4\r\n\r\nwork"),
        ("POST", b"", b"Content-Length: 0\r\n\r\n"),
        ("PUT", b"work", b"Content-Length: 4\r\n\r\nwork"),
        ("PATCH", b"", b"Content-Length: 0\r\n\r\n"),
        ("DELETE", b"", b"Content-Length: 0\r\n\r\n"),
        ("GET", b"", b"\r\n"),
        ("HEAD", b"", b"\r\n"),
        ("OPTIONS", b"", b"\r\n"),
    ],
)
async def test_nothing_goes_out_but_what_the_request_says(method: str, body: bytes, ending: bytes) -> None:
    headers = [("User-Agent", "Google-Cloud-Tasks"), ("X-CloudTasks-TaskRetryReason", ""), ("x-lower", "1")]
    async with answering(OK) as target, sending() as sender:
        outcome = await sender.send(request_to(target.port, *headers, method=method, body=body))
    assert outcome == DONE
    assert target.requests == [
        f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nUser-Agent: Google-Cloud-Tasks\r\n".encode()
        + b"X-CloudTasks-TaskRetryReason: \r\nx-lower: 1\r\n"
        + ending
    ]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", "/"),
        ("?a=1", "/?a=1"),
        ("/a%2Fb?q=%7E+c#part", "/a%2Fb?q=%7E+c"),
        ("/50%?x=%zz", "/50%?x=%zz"),
        ('/two words?q="{}|', "/two%20words?q=%22%7B%7D%7C"),
        ("/line\r\nbreak", "/line%0D%0Abreak"),
        ("/ünicode", "/%C3%BCnicode"),
    ],
)
async def test_the_url_is_sent_as_given_but_for_characters_that_need_an_escape(path: str, sent: str) -> None:
    async with answering(OK) as target, sending() as sender:
        assert await sender.send(request_to(f"http://127.0.0.1:{target.port}{path}")) == DONE
    assert target.requests[0].startswith(f"POST {sent} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ([], b"\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"),
        ([("Authorization", "Bearer t")], b"\r\nAuthorization: Bearer t\r\n"),
    ],
)
async def test_credentials_in_the_url_yield_to_a_header(headers: list[tuple[str, str]], sent: bytes) -> None:
    async with answering(OK) as target, sending() as sender:
        url = f"http://user:pass@127.0.0.1:{target.port}/"
        assert await sender.send(request_to(url, *headers)) == DONE
    assert sent in target.requests[0]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Outcome(OutcomeKind.DONE, 204)),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", DONE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", DONE),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnot!", DONE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nTrailer: x\r\nX: y\r\n\r\n", DONE),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, DONE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK, DONE),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
            Outcome(OutcomeKind.ANSWERED, 302, location="/other"),
        ),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Outcome(OutcomeKind.ANSWERED, 404)),
        (
            b"HTTP/1.1 429 Slow Down\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
            Outcome(OutcomeKind.ANSWERED, 429, retry_after_us=30_000_000),
        ),
        (
            b"HTTP/1.1 503 Later\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            b"Retry-After: Sun, 06 Nov 1994 08:49:42 GMT\r\nContent-Length: 0\r\n\r\n",
            Outcome(OutcomeKind.ANSWERED, 503, retry_after_us=5_000_000),
        ),
        (b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n", Outcome(OutcomeKind.ANSWERED, 799)),
    ],
)
async def test_an_answer_is_classified_and_its_connection_kept(answer: bytes, outcome: Outcome) -> None:
    async with answering(answer) as target, sending() as sender:
        assert await sender.send(request_to(target.port)) == outcome
        assert await sender.send(request_to(target.port)) == outcome
    assert (len(target.requests), target.connections) == (2, 1)


@pytest.mark.parametrize("framing", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
async def test_a_head_request_has_no_body_to_wait_for(framing: bytes) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n") as target, sending() as sender:
        for _ in range(2):
            assert await sender.send(request_to(target.port, method="HEAD")) == DONE
    assert target.connections == 1, "it is kept"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nas much as there is",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nas much as there is",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_the_end_of_the_connection_can_be_that_of_the_answer(answer: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async with listening(handle) as target, sending() as sender:
        for _ in range(2):
            assert await sender.send(request_to(target.port)) == DONE
    assert target.connections == 2


async def test_cookies_and_proxy_settings_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "http_proxy", "http://127.0.0.1:1/")
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with answering(cookie) as target, sending() as sender:
        for _ in range(2):
            assert await sender.send(request_to(f"http://localhost:{target.port}/")) == DONE
    assert b"ookie" not in target.requests[1]


async def test_requests_run_side_by_side() -> None:
    everyone_is_here = asyncio.Barrier(20)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await everyone_is_here.wait()
        writer.write(OK)

    async with listening(handle) as target, sending() as sender:
        outcomes = await asyncio.gather(*(sender.send(request_to(target.port)) for _ in range(20)))
    assert outcomes == [DONE] * 20


@pytest.mark.parametrize("kept", [False, True])
async def test_stop_ends_what_is_running(kept: bool) -> None:
    got_it = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if kept:
            await read_request(reader)
            writer.write(OK)
        await read_request(reader)
        got_it.set()
        await reader.read()

    async with listening(handle) as target:
        async with sending() as sender:
            if kept:
                assert await sender.send(request_to(target.port)) == DONE
            running = asyncio.create_task(sender.send(request_to(target.port)))
            await got_it.wait()
        assert (await running).reason is Reason.NO_CONNECTION
    assert target.connections == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_an_unusable_ca_file_stops_the_start(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StartupError, match=r"target CA file .*ca\.pem cannot be used .*; give a PEM file"):
        await AiohttpSender(EgressPolicy.ANY, target_ca=path).start()
