"""The sender against targets that misbehave: a classified outcome, never an exception, and nothing else suffers."""

import asyncio
import random
import socket
import threading
from collections.abc import Callable

import pytest

from tests.support.sending import DONE, request_to, sending
from tests.support.servers import free_port
from tests.support.targets import OK, answering, listening, read_request
from worker.aiohttp_sender import BODY_BYTES
from worker.outcome import TIMED_OUT, Outcome, OutcomeKind, Reason
from worker.request import OutgoingRequest

pytestmark = pytest.mark.usefixtures("each_sender")

SHORTLY_US = 100_000


async def outcome_of(*answers: bytes, method: str = "POST", deadline_us: int = 30_000_000) -> Outcome:
    """What comes of a request that is answered so. The sender serves another target afterwards."""
    async with answering(*answers) as target, answering(OK) as other, sending() as sender:
        outcome = await sender.send(request_to(target.port, method=method, deadline_us=deadline_us))
        assert await sender.send(request_to(other.port)) == DONE
    assert len(target.requests) <= 1, "an attempt on a new connection is never repeated"
    return outcome


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 10_000 + b"\r\n",
        b"HTTP/1.1 " + b"2" * 100_000,
    ],
    ids=range(11),
)
async def test_what_is_not_http_is_no_answer(answer: bytes, method: str) -> None:
    outcome = await outcome_of(answer, method=method)
    assert (outcome.kind, outcome.status, outcome.reason) == (OutcomeKind.NO_ANSWER, 0, Reason.NO_CONNECTION)
    assert outcome.detail
    assert "\n" not in outcome.detail


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConte",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
async def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async with listening(handle) as target, sending() as sender:
        outcome = await sender.send(request_to(target.port))
    assert (outcome.status, outcome.reason, target.connections) == (0, Reason.NO_CONNECTION, 1)


async def test_a_body_that_turns_into_nonsense_is_no_answer() -> None:
    """aiohttp closes the connection but may not tell the reader of the body: then the deadline does."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"no size\r\n")
        await reader.read()

    async with listening(handle) as target, sending() as sender:
        outcome = await sender.send(request_to(target.port, deadline_us=500_000))
        assert outcome.kind is OutcomeKind.NO_ANSWER
        await target.dropped.wait()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_complete_in_time_is_a_timeout(answer: bytes) -> None:
    assert await outcome_of(answer, deadline_us=SHORTLY_US) == TIMED_OUT


@pytest.mark.parametrize(
    ("opening", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
)
async def test_a_trickle_does_not_outlive_the_deadline(opening: bytes, drop: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(opening)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.005)

    async with listening(handle) as target, sending() as sender:
        assert await sender.send(request_to(target.port, deadline_us=SHORTLY_US)) == TIMED_OUT
        await target.dropped.wait()


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("framing", [b"Content-Length: 100000000000\r\n\r\n", b"Connection: close\r\n\r\n"])
async def test_of_an_endless_body_the_status_counts(status: int, framing: bytes) -> None:
    sent_bytes = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent_bytes
        await read_request(reader)
        writer.write(b"HTTP/1.1 %d Endless\r\n" % status + framing)
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            sent_bytes += 65536

    async with listening(handle) as target, sending() as sender:
        assert (await sender.send(request_to(target.port))).status == status
        await target.dropped.wait()
    assert BODY_BYTES < sent_bytes < 100 * BODY_BYTES


async def test_endless_headers_end_at_the_limit() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: x\r\n" * 100)
            await writer.drain()

    async with listening(handle) as target, sending() as sender:
        assert (await sender.send(request_to(target.port))).reason is Reason.NO_CONNECTION
        await target.dropped.wait()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_kept_connection_that_the_target_closed_costs_no_attempt(method: str) -> None:
    async with answering(OK, b"", OK) as target, sending() as sender:
        assert await sender.send(request_to(target.port)) == DONE
        assert await sender.send(request_to(target.port, method=method, body=b"")) == DONE
    assert (len(target.requests), target.connections) == (3, 2)


@pytest.mark.parametrize(
    ("answers", "requests"), [((OK, b"", b""), 3), ((OK, b"HTTP/1.1 500 Oops\r\n", b""), 2)], ids=["silent", "begun"]
)
async def test_a_request_is_sent_once_more_at_most_and_only_before_an_answer(
    answers: tuple[bytes, ...], requests: int
) -> None:
    turns = iter(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            target.requests.append(await read_request(reader))
            writer.write(answer := next(turns))
            if answer != OK:
                return

    async with listening(handle) as target, sending() as sender:
        assert await sender.send(request_to(target.port)) == DONE
        assert (await sender.send(request_to(target.port))).reason is Reason.NO_CONNECTION
    assert len(target.requests) == requests


async def test_the_second_try_shares_the_deadline() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target.requests.append(await read_request(reader))
        if len(target.requests) == 1:
            writer.write(OK)
            await read_request(reader)
        else:
            await reader.read()

    async with listening(handle) as target, sending() as sender:
        assert await sender.send(request_to(target.port)) == DONE
        assert await sender.send(request_to(target.port, deadline_us=1_000_000)) == TIMED_OUT
    assert target.connections == 2


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
async def test_cancelling_drops_the_connection(answer: bytes) -> None:
    answered = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        answered.set()
        await reader.read()

    async with listening(handle) as target, sending() as sender:
        running = asyncio.create_task(sender.send(request_to(target.port)))
        await answered.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await target.dropped.wait()


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_target_that_does_not_read_cannot_hold_the_connection() -> None:
    body = bytes(32 * 1024 * 1024)
    received = 0
    given_up = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await given_up.wait()
        while chunk := await reader.read(65536):
            received += len(chunk)

    async with listening(handle) as target, sending() as sender:
        outcome = await sender.send(request_to(target.port, body=body, deadline_us=SHORTLY_US))
        assert outcome == TIMED_OUT
        given_up.set()
        await target.dropped.wait()
    assert received < len(body)


@pytest.mark.parametrize(
    "url",
    [
        lambda: f"http://127.0.0.1:{free_port()}/",
        lambda: "http://missing.example/",
        lambda: "http://two..dots/",
        lambda: f"http://{'x' * 64}.example/",
        lambda: "http://127.1/",
        lambda: "http://127.0.0.1:0/",
        lambda: "http://127.0.0.1:99999/",
        lambda: "http://127.0.0.1:port/",
        lambda: "http://[::1/",
        lambda: "http:///path",
        lambda: "http://",
        lambda: "ftp://127.0.0.1/",
        lambda: "nonsense",
        lambda: "",
    ],
)
async def test_what_cannot_be_reached_is_no_connection(monkeypatch: pytest.MonkeyPatch, url: Callable[[], str]) -> None:
    look_up = socket.getaddrinfo

    def offline(host: str, *details: object) -> object:
        if host == "missing.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *details)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    async with sending() as sender:
        outcome = await sender.send(request_to(url()))
    assert (outcome.kind, outcome.status, outcome.reason) == (OutcomeKind.NO_ANSWER, 0, Reason.NO_CONNECTION)
    assert outcome.detail


async def test_names_that_nobody_resolves_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    given_up = threading.Event()

    def stuck(host: str, *details: object) -> object:
        if host.endswith(".example"):
            given_up.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *details)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    async with answering(OK) as target, sending() as sender:
        waiting = [
            asyncio.create_task(sender.send(request_to(f"http://stuck-{number}.example/"))) for number in range(40)
        ]
        try:
            assert await sender.send(request_to(f"http://localhost:{target.port}/")) == DONE
        finally:
            given_up.set()
        assert {outcome.reason for outcome in await asyncio.gather(*waiting)} == {Reason.NO_CONNECTION}


@pytest.mark.parametrize("header", [("Bad Name", "x"), ("Bad\r\nName", "x"), ("Name", "bad\r\nvalue")])
async def test_a_request_that_is_no_http_raises_nothing(header: tuple[str, str]) -> None:
    async with answering(OK) as target, sending() as sender:
        await sender.send(OutgoingRequest.of("POST", f"http://127.0.0.1:{target.port}/", [header], b"", 1_000_000))


async def test_damaged_answers_never_raise() -> None:
    """Seeded damage to good answers: cut, doubled and replaced bytes."""
    chance = random.Random(20)
    good = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRetry-After: 1\r\n\r\nhello",
        b"HTTP/1.1 503 Later\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 302 Found\r\nLocation: /\r\nSet-Cookie: a=b\r\n\r\nhello",
    ]

    def damaged() -> bytes:
        answer = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(answer))
            answer[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        return bytes(answer)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(damaged())

    async with listening(handle) as target, sending() as sender:
        for _ in range(500):
            outcome = await sender.send(request_to(target.port, deadline_us=5_000_000))
            assert isinstance(outcome, Outcome)
