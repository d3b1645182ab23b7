"""The beginning of a connection through a proxy: it is asked for a tunnel, and answers (RFC 9110, 9.3.6)."""

import asyncio
import re
import ssl
from typing import cast

from worker.http1.connection import Connection

_HEADER_BYTES = 64 * 1024
_END = b"\r\n\r\n"
_status_line = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ?([^\r\n]*)\r\n")
_interim = re.compile(rb"HTTP/1\.[01] 1[0-9]{2}")


class TunnelError(ConnectionError):
    """The proxy opened no tunnel. The text goes on after "it"."""


class Tunnel(asyncio.Protocol):
    """A connection to a proxy that becomes one to a target."""

    def __init__(self) -> None:
        self._received = b""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_lost = False

    async def open(self, request: bytes) -> None:
        """Ask for the tunnel. Raises TunnelError if the proxy says no, or nothing that can be understood."""
        self._transport.write(request)
        await self._opened

    async def lead(self, tls: ssl.SSLContext | None, server_name: str) -> Connection:
        """The connection to the target, which the tunnel has become. Raises OSError if TLS fails."""
        connection, transport = Connection(), self._transport
        connection.connection_made(transport)  # from here on it notices the end
        if self._is_lost:
            raise TunnelError("closed the tunnel")
        if tls is None:
            transport.set_protocol(connection)
            return connection
        loop = asyncio.get_running_loop()
        inner = await loop.start_tls(transport, connection, tls, server_hostname=server_name)
        if inner is None or not connection.is_open:
            raise TunnelError("closed the tunnel")
        connection.connection_made(inner)
        return connection

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection to the proxy stands."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of the proxy's answer; after that, what nobody asked for."""
        if self._opened.done():
            self.abort()
            return
        self._received += data
        if len(self._received) > _HEADER_BYTES:
            self._refuse(f"answers with a header of more than {_HEADER_BYTES} bytes")
            return
        header, end, rest = self._final_header()
        if not end:
            return
        match = _status_line.match(header + end)
        if match is None:
            self._refuse("does not speak HTTP")
        elif not match[1].startswith(b"2"):
            self._refuse(f"answers {match[1].decode()} {match[2].decode('latin-1')}".rstrip())
        elif rest:
            self._refuse("speaks in place of the target")
        else:
            self._opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The proxy, or we, have ended the connection."""
        self._is_lost = True
        self._refuse("closed the connection")

    def _final_header(self) -> tuple[bytes, bytes, bytes]:
        """The header of the answer, its end, if that has come, and what follows. Interim answers (1xx) do not count."""
        header, end, rest = self._received.partition(_END)
        while end and _interim.match(header):
            header, end, rest = rest.partition(_END)
        return header, end, rest

    def _refuse(self, what: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(TunnelError(what))
            self._opened.exception()  # counts as seen: after a time-out nobody looks
