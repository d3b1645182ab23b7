"""Addresses of hosts, remembered for a moment."""

import asyncio
import socket

from aiohttp.abc import ResolveResult

from worker.egress import AddressInfo
from worker.resolver import Resolver

_KEPT_S = 5.0
"""A burst of new connections costs one look-up, and a name that moves is followed within this time."""
_MOST_HOSTS = 10_000


class Names:
    """Looks hosts up, each once at a time. What failed is not remembered."""

    def __init__(self) -> None:
        self._resolver = Resolver()
        self._known: dict[str, tuple[float, asyncio.Future[list[ResolveResult]]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """Where to connect to. Raises OSError if the host has no address."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, host)
            except (OSError, ValueError):
                continue
            return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
        found = await asyncio.shield(self._look_up(host))
        return [(each["family"], socket.SOCK_STREAM, each["proto"], "", (each["host"], port)) for each in found]

    def forget(self, host: str) -> None:
        """Nothing answered there: look again next time."""
        self._known.pop(host, None)

    async def close(self) -> None:
        """Start no further look-ups."""
        await self._resolver.close()

    def _look_up(self, host: str) -> "asyncio.Future[list[ResolveResult]]":
        now_s = asyncio.get_running_loop().time()
        until_s, found = self._known.get(host, (0.0, None))
        if found is None or until_s < now_s or (found.done() and (found.cancelled() or found.exception())):
            if len(self._known) >= _MOST_HOSTS:
                self._known.clear()
            found = asyncio.ensure_future(self._resolver.resolve(host))
            self._known[host] = (now_s + _KEPT_S, found)
        return found
