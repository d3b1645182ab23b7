"""Which way a request goes: straight, to a unix socket, or through a proxy."""

from dataclasses import replace

from worker.egress import EgressPolicy
from worker.http1.connector import Route, proxy_route
from worker.http1.location import Location, locate
from worker.http1.proxy import ProxyChoice
from worker.request import RequestShape
from worker.rewrite import Rewrites
from worker.target_tls import TargetTls


class Routes:
    """Finds the way from what is set for targets."""

    def __init__(self, egress: EgressPolicy, rewrites: Rewrites, tls: TargetTls, proxies: ProxyChoice) -> None:
        self._egress = egress
        self._rewrites = rewrites
        self._tls = tls
        self._proxies = proxies

    def find(self, shape: RequestShape) -> tuple[Location, Route]:
        """How to ask, and where. Raises ValueError."""
        url = shape.url
        meant, connect_to = locate(url), self._rewrites.connect_to(url)
        connected = locate(connect_to)
        origin = connected.origin
        tls = self._tls.context(url, connect_to) if origin.scheme == "https" else None
        route = Route(origin.host, origin.port, tls, meant.origin.host, self._rewrites.socket_path(url))
        proxy = None if route.socket_path else self._proxies.proxy_to(connected)
        if proxy is None:
            return meant, route
        if tls is None and connect_to == url and self._may_be_named(shape):
            return proxy.absolute(meant), proxy_route(proxy)
        return meant, replace(route, proxy=proxy)

    def _may_be_named(self, shape: RequestShape) -> bool:
        """Whether the proxy can be told the URL, to make the request in our place.

        It would look the name up, where the egress policy cannot see the address. And it sends the host of the URL as
        Host, whatever the request says (RFC 9112, 3.2.2).
        """
        has_host = any(name.lower() == "host" for name, _ in shape.headers)
        return self._egress is EgressPolicy.ANY and not has_host
