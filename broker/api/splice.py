"""One connection on a port that both protocols share: undecided at first, then of HTTP/1.1, or spliced to gRPC."""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What every HTTP/2 connection, and so gRPC, opens with, and no HTTP/1.1 request does (RFC 9113, 3.4)."""

_LONGEST_SILENCE_S = 10

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class Undecided(asyncio.Protocol):
    """A connection whose first bytes are still to come. It is closed if they have not come within 10 seconds.

    An HTTP connection is handed over to the protocol that `http` makes. One of gRPC is spliced to the Unix socket at
    `grpc_path`, byte for byte and no faster than the slower side reads. `open_transports` holds what is undecided or
    spliced.
    """

    def __init__(self, http: ProtocolFactory, grpc_path: str, open_transports: set[asyncio.Transport]) -> None:
        self._http, self._grpc_path, self._open = http, grpc_path, open_transports
        self._first = b""
        self._splicing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Gives the caller some time to say what it is."""
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self._transport)
        self._patience = asyncio.get_running_loop().call_later(_LONGEST_SILENCE_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Decides as soon as it can be decided."""
        self._first += data
        if not _PREFACE.startswith(self._first[: len(_PREFACE)]):
            self._patience.cancel()
            self._hand_over()
        elif len(self._first) >= len(_PREFACE):
            self._patience.cancel()
            self._transport.pause_reading()
            self._splicing = asyncio.create_task(self._splice())

    def connection_lost(self, error: Exception | None) -> None:
        """Forgets a caller that left."""
        self._patience.cancel()
        self._open.discard(self._transport)

    def _hand_over(self) -> None:
        self._open.discard(self._transport)
        protocol = cast(asyncio.Protocol, self._http())
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._first)

    async def _splice(self) -> None:
        """Connects to the gRPC server; reading is paused meanwhile."""
        caller, server = _Caller(self._open), _Side(self._open)
        caller.other, server.other = server, caller
        caller.connection_made(self._transport)
        self._transport.set_protocol(caller)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: server, self._grpc_path)
        except OSError:
            self._transport.abort()
            return
        assert server.transport is not None
        if self._transport.is_closing():
            server.transport.abort()
            return
        server.transport.write(self._first)
        self._transport.resume_reading()


class _Side(asyncio.Protocol):
    """One side of a spliced connection: what it receives, the other one sends."""

    other: "_Side"

    def __init__(self, open_transports: set[asyncio.Transport]) -> None:
        self._open = open_transports
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is connected."""
        self.transport = cast(asyncio.Transport, transport)
        self._open.add(self.transport)

    def data_received(self, data: bytes) -> None:
        """Passes it on."""
        self._out.write(data)

    def pause_writing(self) -> None:
        """Stops reading what could not be sent on."""
        self._out.pause_reading()

    def resume_writing(self) -> None:
        """Reads again."""
        self._out.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """Ends the other side: once it has sent what is left, or at once if this one broke."""
        assert self.transport is not None
        self._open.discard(self.transport)
        if self.other.transport is not None:
            self._out.abort() if error else self._out.close()

    @property
    def _out(self) -> asyncio.Transport:
        assert self.other.transport is not None
        return self.other.transport


class _Caller(_Side):
    """The side of the client, which may end its half of the connection and still read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Has the system ask after a client that is silent, so that one that vanished is noticed."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def eof_received(self) -> bool:
        """Passes the end of its half on; the server then decides when the rest ends. TLS knows no half of its own."""
        assert self.transport is not None
        if not self._out.is_closing():
            self._out.write_eof()
        return self.transport.get_extra_info("sslcontext") is None
