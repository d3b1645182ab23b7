"""Targets of tasks that answer what a test tells them to, byte for byte."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Target:
    """A TCP server on loopback: what it got, and where it is."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._running: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self.connected = asyncio.Event()
        self.dropped = asyncio.Event()
        """Set when a connection has ended, whoever ended it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Run the handler on one connection, then close it."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self.connections += 1
        self.connected.set()
        try:
            await self._handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender closed the connection, as it may
        finally:
            self._running.discard(task)
            self.dropped.set()
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def stop(self) -> None:
        """End every handler."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request as it came: header and body."""
    header = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", header)
    return header + (await reader.readexactly(int(length[1])) if length else b"")


@contextlib.asynccontextmanager
async def listening(
    handle: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Target]:
    """A target with a handler for its connections."""
    target = Target(handle)
    server = await asyncio.start_server(target.serve, host, 0, ssl=tls)
    target.port = server.sockets[0].getsockname()[1]
    try:
        yield target
    finally:
        server.close()
        await target.stop()


@contextlib.asynccontextmanager
async def answering(
    *answers: bytes, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Target]:
    """A target that gives these answers in turn, the last one for ever; after b"" it closes the connection."""
    turns = iter(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            target.requests.append(await read_request(reader))
            answer = next(turns, answers[-1])
            writer.write(answer)
            if not answer:
                return
            await writer.drain()

    async with listening(handle, host=host, tls=tls) as target:
        yield target
