"""The sender, on HTTP/1.1 connections of its own."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from worker.egress import EgressPolicy
from worker.http1.connector import Connector
from worker.http1.exchange import Exchange, Shared, failure
from worker.http1.message import head_of, request_bytes
from worker.http1.pool import Pool, Shelf
from worker.http1.proxy import ProxyChoice
from worker.http1.routes import Routes
from worker.request import OutgoingRequest, RequestShape
from worker.rewrite import Rewrites
from worker.sender import Done, Sender, Sending
from worker.target_tls import TargetTls

_MOST_SHAPES = 10_000


class Http1Sender(Sender):
    """A Sender that needs neither a task of the event loop nor a timer for a request on a kept connection."""

    def __init__(
        self,
        egress: EgressPolicy,
        *,
        target_ca: Path | None = None,
        target_tls: Mapping[str, str] | None = None,
        rewrites: Mapping[str, str] | None = None,
        proxy: str = "",
        no_proxy: Iterable[str] = (),
        most_idle: int = 1000,
    ) -> None:
        """All as the settings of these names: `target_tls` and `rewrites` by address, `no_proxy` addresses.

        At most `most_idle` connections are kept that wait for their next request.
        """
        self._egress = egress
        self._target_ca, self._target_tls = target_ca, target_tls or {}
        self._rewrites = Rewrites.of(rewrites or {})
        self._proxy, self._no_proxy = proxy, tuple(no_proxy)
        self._shapes: dict[RequestShape, tuple[Shelf, bytes]] = {}
        self._shared = Shared(Connector(egress), Pool(most_idle))

    async def start(self) -> None:
        """Get ready in the running loop. Raises StartupError if a file of certificates is not usable."""
        self._loop = asyncio.get_running_loop()
        tls = TargetTls(self._target_ca, self._target_tls)
        proxies = ProxyChoice(self._proxy, self._no_proxy, tls.context)
        self._routes = Routes(self._egress, self._rewrites, tls, proxies)

    async def stop(self) -> None:
        """Close all connections."""
        shared = self._shared
        for exchange in shared.deadlines.pending():
            exchange.fail(ConnectionError("the dispatcher is stopping"))
        shared.pool.close()
        shared.deadlines.stop()
        await shared.connector.close()

    def begin(self, request: OutgoingRequest, done: Done) -> Sending:
        """Begin one attempt."""
        shape = request.shape
        try:
            known = self._shapes.get(shape)
            shelf, head = known or self._learn(shape)
        except ValueError as error:
            return _Unsendable(self._loop.call_soon(done, failure(error)))
        exchange = Exchange(self._shared, shelf, request_bytes(head, request), done, is_head=shape.method == "HEAD")
        now_s = self._loop.time()
        exchange.begin(now_s, now_s + shape.deadline_us / 1e6)
        return exchange

    def _learn(self, shape: RequestShape) -> tuple[Shelf, bytes]:
        """Where connections for requests of a shape are kept, and what they begin with. Raises ValueError."""
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        location, route = self._routes.find(shape)
        known = self._shared.pool.shelf(route), head_of(shape, location)
        self._shapes[shape] = known
        return known


class _Unsendable:
    """An attempt that ended where it began."""

    def __init__(self, telling: asyncio.Handle) -> None:
        self._telling = telling

    def abort(self) -> None:
        """Do not even tell."""
        self._telling.cancel()
