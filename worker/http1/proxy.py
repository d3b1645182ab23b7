"""The HTTP proxy between a dispatcher and its targets (RFC 9110, 9.3.6; RFC 9112, 3.2.2). Pure."""

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from broker.errors import StartupError
from worker.address_map import AddressMap, Origin
from worker.http1.location import Location, locate


@dataclass(frozen=True, slots=True, eq=False)
class Proxy:
    """Where the proxy is, and who we are to it. Its text names it without the password."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    authorization: str
    """The value of Proxy-Authorization; empty if there is none."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def tunnel_request(self, host: str, port: int) -> bytes:
        """What asks for a tunnel to a target."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        credentials = f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""
        return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n".encode()

    def absolute(self, location: Location) -> Location:
        """The location as a request to the proxy names it, which then makes the request in our place."""
        url = f"{location.origin.scheme}://{location.host_header}{location.path}"
        return replace(location, path=url, proxy_authorization=self.authorization)


class ProxyChoice:
    """Which targets are reached through a proxy: all but those of a list."""

    def __init__(self, url: str, direct: Iterable[str], tls: Callable[[str], ssl.SSLContext]) -> None:
        """`url` is empty if there is no proxy; `direct` are addresses; `tls` gives the context for a URL.

        Raises StartupError.
        """
        self._proxy = _proxy(url, tls) if url else None
        self._direct = AddressMap(dict.fromkeys((address.lower() for address in direct), True))

    def proxy_to(self, location: Location) -> Proxy | None:
        """The proxy to the target that is connected to, or None."""
        origin = Origin.of(f"{location.origin.scheme}://{location.host_header}") if self._proxy else None
        return None if origin is None or self._direct.find(origin) else self._proxy


def _proxy(url: str, tls: Callable[[str], ssl.SSLContext]) -> Proxy:
    try:
        location = locate(url)
    except ValueError:
        # Without a cause: its text would show the password.
        raise StartupError("the target proxy has an address that is none; write http://HOST:PORT") from None
    origin = location.origin
    return Proxy(origin.host, origin.port, tls(url) if origin.scheme == "https" else None, location.authorization)
