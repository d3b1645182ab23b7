"""New connections: look up, check the egress policy, connect, shake hands."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohappyeyeballs import start_connection

from worker.egress import EgressError, EgressPolicy
from worker.http1.connection import Connection
from worker.http1.names import Names
from worker.http1.proxy import Proxy
from worker.http1.tunnel import Tunnel, TunnelError

AnyProtocol = TypeVar("AnyProtocol", Connection, Tunnel)

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
    socket_path: str = ""
    """The unix socket that stands in for host and port; empty if none does."""
    proxy: Proxy | None = None
    """Opens a tunnel to host and port."""
    is_proxy: bool = False
    """It leads to the proxy itself, where the egress policy has no say."""

    def __str__(self) -> str:
        if self.socket_path:
            return f"unix:{self.socket_path}"
        if self.is_proxy:
            return f"the proxy {self.host}:{self.port}"
        return f"{self.host}:{self.port}" + (f" through the proxy {self.proxy}" if self.proxy else "")


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
            self._forget(route)
            raise ConnectionError(f"no connection to {route} within {CONNECT_S:g} s") from error
        except (OSError, RuntimeError) as error:
            self._forget(route)
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

    def _forget(self, route: Route) -> None:
        self._names.forget(route.host)
        if route.proxy is not None:
            self._names.forget(route.proxy.host)

    async def _open(self, route: Route) -> Connection:
        if self._closed:
            raise ConnectionError("the dispatcher is stopping")
        if route.proxy is not None:
            return await self._open_through(route.proxy, route)
        return await self._connect(Connection, route)

    async def _open_through(self, proxy: Proxy, route: Route) -> Connection:
        """A connection in a tunnel. Of several addresses the first is taken to which the proxy opens one."""
        refusal: Exception | None = None
        for host in await self._tunnel_hosts(route):
            tunnel = await self._connect(Tunnel, proxy_route(proxy))
            try:
                await tunnel.open(proxy.tunnel_request(host, route.port))
                return await tunnel.lead(route.tls, route.server_name)
            except TunnelError as error:
                tunnel.abort()
                refusal = error
            except BaseException:
                tunnel.abort()
                raise
        raise ConnectionError(f"no tunnel to {route}: it {refusal}") from refusal

    async def _tunnel_hosts(self, route: Route) -> list[str]:
        """What the proxy may be asked for: the name, or if the egress policy has a say the addresses it allows."""
        if self._egress is EgressPolicy.ANY:
            return [route.host]
        addresses = [str(found[-1][0]) for found in await self._names.addresses(route.host, route.port)]
        allowed = [address for address in addresses if self._egress.allows(address)]
        if not allowed:
            raise EgressError
        return allowed

    async def _connect(self, protocol: Callable[[], AnyProtocol], route: Route) -> AnyProtocol:
        """A connection that nothing stands in the way of."""
        tls_name = route.server_name if route.tls else None
        loop = asyncio.get_running_loop()
        try:
            stream = await self._socket(route)
            try:
                _, made = await loop.create_connection(protocol, sock=stream, ssl=route.tls, server_hostname=tls_name)
            except BaseException:
                stream.close()
                raise
        except (OSError, RuntimeError) as error:
            if not (route.is_proxy or route.socket_path):  # those are not in the task's URL
                raise
            raise ConnectionError(f"{route} cannot be reached: {error}") from error
        return made

    async def _socket(self, route: Route) -> socket.socket:
        loop = asyncio.get_running_loop()
        if route.socket_path:
            return await _unix_socket(route.socket_path)
        egress = EgressPolicy.ANY if route.is_proxy else self._egress
        return await start_connection(
            await self._names.addresses(route.host, route.port),
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
            interleave=1,
            loop=loop,
            socket_factory=egress.open_socket,
        )


def proxy_route(proxy: Proxy) -> Route:
    """The way to a proxy."""
    return Route(proxy.host, proxy.port, proxy.tls, proxy.host, is_proxy=True)


async def _unix_socket(path: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(stream, path)
    except BaseException:
        stream.close()
        raise
    return stream
