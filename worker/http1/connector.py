"""New connections: look up, check the egress policy, connect, shake hands."""

import asyncio
import ssl
from dataclasses import dataclass

from aiohappyeyeballs import start_connection

from worker.egress import EgressPolicy
from worker.http1.connection import Connection
from worker.http1.names import Names

CONNECT_S = 10.0
"""Longest wait for TCP and TLS, so that a black hole does not hold a slot for the whole deadline."""
_NEXT_ADDRESS_S = 0.25
"""Head start of one address before the next is tried beside it (RFC 8305, section 5)."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a connection leads to, and by what it is kept."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    server_name: str
    """The name that a certificate must hold."""


class Connector:
    """Opens connections, to addresses that the egress policy allows and no others."""

    def __init__(self, egress: EgressPolicy) -> None:
        self._egress = egress
        self._names = Names()
        self._opening: set[asyncio.Timeout] = set()
        self._closed = False

    async def open(self, route: Route) -> Connection:
        """A new connection. Raises OSError (EgressError, ssl.SSLError among them)."""
        limit = asyncio.timeout(CONNECT_S)
        self._opening.add(limit)
        try:
            async with limit:
                return await self._open(route)
        except TimeoutError as error:
            if self._closed:
                raise ConnectionError("the dispatcher is stopping") from error
            self._names.forget(route.host)
            raise ConnectionError(f"no connection to {route.host}:{route.port} within {CONNECT_S:g} s") from error
        except (OSError, RuntimeError) as error:
            self._names.forget(route.host)
            if isinstance(error, RuntimeError):  # uvloop's word for some failures to connect
                raise ConnectionError(str(error)) from error
            raise
        finally:
            self._opening.discard(limit)

    async def close(self) -> None:
        """Open no more, and give up what is being opened."""
        self._closed = True
        for limit in self._opening:
            limit.reschedule(0)
        await self._names.close()

    async def _open(self, route: Route) -> Connection:
        if self._closed:
            raise ConnectionError("the dispatcher is stopping")
        addresses = await self._names.addresses(route.host, route.port)
        loop = asyncio.get_running_loop()
        socket = await start_connection(
            addresses,
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
            interleave=1,
            loop=loop,
            socket_factory=self._egress.open_socket,
        )
        try:
            _, connection = await loop.create_connection(
                Connection, sock=socket, ssl=route.tls, server_hostname=route.server_name if route.tls else None
            )
        except BaseException:
            socket.close()
            raise
        return connection
