"""How the sender comes to its connections, and when it uses one again."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.support.sending import DONE, request_to, sending
from tests.support.servers import free_port
from tests.support.targets import OK, answering, listening, read_request
from worker import aiohttp_sender
from worker.http1 import connector, names
from worker.outcome import Outcome, Reason

both = pytest.mark.usefixtures("each_sender")
"""The other tests are for ours alone: aiohttp keeps what it has looked up for 10 s, whatever becomes of it."""

NAME = "target.example"


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where NAME leads: to be filled, and changed, by the test."""
    look_up, found = socket.getaddrinfo, list[str]()

    def answer(host: str, port: int, *details: object) -> list[object]:
        if host == NAME and not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [each for one in (found if host == NAME else [host]) for each in look_up(one, port, *details)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return found


@contextlib.contextmanager
def black_hole(host: str, port: int) -> Iterator[None]:
    """An address where connections neither come to be nor are refused: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as opened:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        hole = opened.enter_context(socket.socket(family))
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((host, port))
        hole.listen(0)
        for _ in range(8):
            filler = opened.enter_context(socket.socket(family))
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(hole.getsockname())
        yield


@both
async def test_a_target_with_an_ipv6_address() -> None:
    async with answering(OK, host="::1") as target, sending() as sender:
        assert await sender.send(request_to(f"http://[::1]:{target.port}/")) == DONE
    assert f"Host: [::1]:{target.port}\r\n".encode() in target.requests[0]


@both
@pytest.mark.parametrize("found", [["::1", "127.0.0.1"], ["127.0.0.1", "::1"], ["127.0.0.2", "::1", "127.0.0.1"]])
async def test_an_address_that_refuses_gives_way_to_the_next(addresses: list[str], found: list[str]) -> None:
    addresses += found
    async with answering(OK, host="127.0.0.1") as target, sending() as sender:
        assert await sender.send(request_to(f"http://{NAME}:{target.port}/")) == DONE


@both
@pytest.mark.parametrize("dead", ["127.0.0.2", "::1"])
async def test_an_address_that_says_nothing_gives_way_to_the_next(addresses: list[str], dead: str) -> None:
    addresses += [dead, "127.0.0.1"]
    async with answering(OK, host="127.0.0.1") as target, sending() as sender:
        with black_hole(dead, target.port):
            assert await sender.send(request_to(f"http://{NAME}:{target.port}/")) == DONE


@both
async def test_a_connection_that_does_not_come_about_is_given_up_before_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (connector, aiohttp_sender):
        monkeypatch.setattr(module, "CONNECT_S", 0.1)
    port = free_port()
    with black_hole("127.0.0.1", port):
        async with sending() as sender:
            outcome = await sender.send(request_to(port))
    assert outcome.reason is Reason.NO_CONNECTION


@both
async def test_a_handshake_that_does_not_end_is_given_up_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connector, aiohttp_sender):
        monkeypatch.setattr(module, "CONNECT_S", 0.1)

    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    async with listening(hang) as target, sending() as sender:
        outcome = await sender.send(request_to(f"https://127.0.0.1:{target.port}/"))
        await target.dropped.wait()
    assert outcome.reason is Reason.NO_CONNECTION


@both
async def test_a_kept_connection_that_is_reset_costs_no_attempt() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target.requests.append(await read_request(reader))
        writer.write(OK)
        if target.connections == 1:
            target.requests.append(await read_request(reader))
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async with listening(handle) as target, sending() as sender:
        for _ in range(2):
            assert await sender.send(request_to(target.port, body=b"work")) == DONE
    assert (len(target.requests), target.connections) == (3, 2)


@both
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_an_answer_before_the_end_of_the_request_counts_and_costs_the_connection() -> None:
    """What is unsent stands in the way of the next request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too long\r\nContent-Length: 0\r\n\r\n")
        await asyncio.Event().wait()

    async with listening(handle) as target, sending() as sender:
        for _ in range(2):
            assert (await sender.send(request_to(target.port, body=bytes(16 * 1024 * 1024)))).status == 413
    assert target.connections == 2


async def test_a_name_that_has_moved_is_followed(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_KEPT_S", -1.0)
    addresses.append("127.0.0.1")
    closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    async with answering(closing) as old, sending() as sender:
        assert await sender.send(request_to(f"http://{NAME}:{old.port}/")) == DONE
        addresses[:] = ["127.0.0.2"]
        assert (await sender.send(request_to(f"http://{NAME}:{old.port}/"))).reason is Reason.NO_CONNECTION
    assert len(old.requests) == 1


async def test_an_address_that_failed_is_looked_up_again(addresses: list[str]) -> None:
    async def outcome() -> Outcome:
        return await sender.send(request_to(f"http://{NAME}:{target.port}/"))

    async with answering(OK) as target, sending() as sender:
        assert (await outcome()).reason is Reason.NO_CONNECTION, "it has no address yet"
        addresses.append("127.0.0.2")
        assert (await outcome()).reason is Reason.NO_CONNECTION, "nobody is there"
        addresses[:] = ["127.0.0.1"]
        assert await outcome() == DONE


async def test_of_too_many_idle_connections_the_longest_idle_ends() -> None:
    async with contextlib.AsyncExitStack() as stack:
        targets = [await stack.enter_async_context(answering(OK)) for _ in range(3)]
        sender = await stack.enter_async_context(sending(most_idle=2))
        for used in (0, 1, 0, 2):
            assert await sender.send(request_to(targets[used].port)) == DONE
        await targets[1].dropped.wait()
        for used in (0, 2, 1):
            assert await sender.send(request_to(targets[used].port)) == DONE
    assert [target.connections for target in targets] == [1, 2, 1]


async def test_a_burst_of_connections_costs_one_look_up(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    addresses.append("127.0.0.1")
    looked_up, look_up = [], socket.getaddrinfo

    def count(host: str, *details: object) -> object:
        looked_up.append(host)
        return look_up(host, *details)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", count)
    async with answering(OK) as target, sending() as sender:
        url = f"http://{NAME}:{target.port}/"
        assert await asyncio.gather(*(sender.send(request_to(url)) for _ in range(20))) == [DONE] * 20
        assert target.connections > 1
    assert looked_up == [NAME]
