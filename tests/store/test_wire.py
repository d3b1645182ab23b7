"""Connections to a server that misbehaves: who is answered, who fails, and that nothing is sent twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hiredis import Reader
from redis import exceptions
from redis.asyncio.connection import Connection

from broker.store.lane import Lane
from broker.store.topology import _client
from tests.support.waiting import eventually_async

Answer = Callable[["FakeServer", list[bytes], asyncio.StreamWriter], Awaitable[None]]


class FakeServer:
    """Answers the commands by which connections begin, and leaves all others to `answer`. Notes what came."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.got: list[list[bytes]] = []
        self.connections = 0
        self.open: list[asyncio.StreamWriter] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.append(writer)
        parser = Reader()
        while data := await reader.read(1 << 16):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                if command[0] == b"CLIENT":
                    writer.write(b"+OK\r\n")
                else:
                    self.got.append(command)
                    await self._answer(self, command, writer)
        self.ended += 1

    async def left(self) -> bool:
        """Whether every connection was closed by the client."""
        return self.ended == self.connections


@asynccontextmanager
async def lane_to(answer: Answer, query: str = "") -> AsyncIterator[tuple[Lane, FakeServer]]:
    fake = FakeServer(answer)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    lane = Lane(_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}{query}"))
    yield lane, fake
    await lane.close()
    for writer in fake.open:
        writer.close()
    server.close()
    await server.wait_closed()


async def echo(fake: FakeServer, command: list[bytes], writer: asyncio.StreamWriter) -> None:
    writer.write(b"+%b\r\n" % command[-1])


async def test_commands_of_one_moment_share_a_connection_and_get_their_own_answers():
    async with lane_to(echo) as (lane, fake):
        answers = await asyncio.gather(*(lane.command("ECHO", str(number)) for number in range(500)))
        assert answers == [str(number).encode() for number in range(500)]
        assert fake.connections == 1


async def test_answers_may_come_in_pieces():
    async def in_pieces(fake, command, writer):
        for byte in b"*2\r\n$3\r\nabc\r\n:5\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with lane_to(in_pieces) as (lane, _):
        assert await asyncio.gather(lane.command("A"), lane.command("B")) == [[b"abc", 5]] * 2


async def test_a_refusal_is_for_one_caller():
    async def refuse_b(fake, command, writer):
        writer.write(b"-READONLY no\r\n" if command[0] == b"B" else b"+OK\r\n")

    async with lane_to(refuse_b) as (lane, _):
        answers = await asyncio.gather(*map(lane.command, "ABA"), return_exceptions=True)
        assert answers[::2] == [b"OK", b"OK"]
        assert isinstance(answers[1], exceptions.ReadOnlyError)


async def test_silence_fails_what_was_sent_and_the_next_command_connects_anew():
    async def silent_at_first(fake, command, writer):
        if fake.connections > 1:
            writer.write(b"+OK\r\n")

    async with lane_to(silent_at_first, "?socket_timeout=0.05") as (lane, fake):
        answers = await asyncio.gather(lane.command("A"), lane.command("B"), return_exceptions=True)
        assert [type(answer) for answer in answers] == [exceptions.TimeoutError] * 2
        assert await lane.command("C") == b"OK"
        assert [command for command in fake.got if command != [b"PING"]] == [[b"A"], [b"B"], [b"C"]]


@pytest.mark.parametrize(
    ("last_words", "error"),
    [(b"", exceptions.ConnectionError), (b"+OK\r\n?!\r\n", exceptions.InvalidResponse), (b"+OK\r\n" * 4, None)],
)
async def test_what_was_sent_before_a_connection_broke_is_not_sent_again(last_words, error):
    async def break_off(fake, command, writer):
        if command == [b"A"]:
            writer.write(last_words)
            await writer.drain()
            writer.close()
        elif fake.connections > 1:
            writer.write(b"+OK\r\n")

    async with lane_to(break_off) as (lane, fake):
        answers = await asyncio.gather(*map(lane.command, "ABC"), return_exceptions=True)
        assert error is None or isinstance(answers[-1], error)
        assert await lane.command("D") == b"OK"
        sent = [command[0] for command in fake.got]
        assert len(sent) == len(set(sent))


async def test_while_one_connection_waits_for_an_answer_another_is_used():
    may_answer = asyncio.Event()

    async def slow_a(fake, command, writer):
        if command == [b"A"]:
            await may_answer.wait()
        writer.write(b"+%b\r\n" % command[0])

    async with lane_to(slow_a) as (lane, fake):
        first = asyncio.create_task(lane.command("A"))
        await eventually_async(lambda: _is_true(fake.got))
        assert await lane.command("B") == b"B"
        may_answer.set()
        assert await first == b"A"
        assert fake.connections == 2


async def test_closing_waits_for_what_is_under_way_even_if_its_caller_has_given_up():
    heard, may_answer, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(fake, command, writer):
        heard.set()
        await may_answer.wait()
        answered.set()
        writer.write(b"+OK\r\n")

    async with lane_to(slow) as (lane, _):
        caller = asyncio.create_task(lane.command("A"))
        await heard.wait()
        caller.cancel()
        closing = asyncio.create_task(lane.close())
        await asyncio.sleep(0)
        assert not closing.done()
        may_answer.set()
        await closing
        assert answered.is_set()


async def test_what_its_caller_gave_up_before_it_was_sent_is_left_out():
    async with lane_to(echo) as (lane, fake):
        given_up = asyncio.create_task(lane.command("A", "a"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await lane.command("B", "b") == b"b"
        assert [b"A", b"a"] not in fake.got


async def test_a_server_that_is_not_there_fails_the_command():
    lane = Lane(_client("redis://127.0.0.1:1"))
    with pytest.raises(exceptions.ConnectionError):
        await lane.command("A")
    await lane.close()


async def _is_true(value: object) -> bool:
    return bool(value)


async def test_a_connection_that_breaks_during_the_greeting_fails_the_command_and_is_closed(monkeypatch):
    """As uvloop says it, which is no error of redis-py's own: there the connection stays open."""
    greet = Connection.on_connect_check_health

    async def broken(connection, **options):
        await greet(connection, **options)
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    async with lane_to(echo) as (lane, fake):
        monkeypatch.setattr(Connection, "on_connect_check_health", broken)
        with pytest.raises(exceptions.ConnectionError, match="the handler is closed"):
            await lane.command("ECHO", "word")
        await eventually_async(fake.left)
        monkeypatch.undo()
        assert await lane.command("ECHO", "word") == b"word"
