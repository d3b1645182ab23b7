"""A TCP balancer in front of several nodes, in a thread of its own; passes by nodes that refuse connections."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Sequence

from tests.support.server_thread import ServerThread

_CHUNK_BYTES = 65_536


class Balancer(ServerThread):
    """Listens on `port`; each connection goes to the next of `ports` that accepts it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = itertools.count()
        self.served = dict.fromkeys(ports, 0)
        """Connections by the port they went to."""
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            node = await self._connect()
            if node:
                await asyncio.gather(_copy(reader, node[1]), _copy(node[0], writer))
        writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turn)
        for offset in range(len(self._ports)):
            port = self._ports[(first + offset) % len(self._ports)]
            with contextlib.suppress(ConnectionError):
                connection = await asyncio.open_connection("127.0.0.1", port)
                self.served[port] += 1
                return connection
        return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until the sender is done, then close that direction, or all of it after an error."""
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()
