"""The node's side of Envoy: what is served behind it, and its start and end."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from broker.api.certificate import Certificate
from broker.api.envoy.admin import EnvoyAdmin
from broker.api.envoy.configuration import LISTENER
from broker.api.envoy.grpc_calls import GrpcCalls
from broker.api.envoy.secret import write_certificate
from broker.api.envoy.sockets import Sockets
from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.api.rpcs import Rpc
from broker.service.broker import Broker

_LOOK_EVERY_S = 0.02
_LOOK_AT_CERTIFICATE_EVERY_S = 1.0
_LISTENS = "listener_manager.workers_started"
_RUNNING_CALLS = f"http.{LISTENER}.downstream_rq_active"


class EnvoyFront:
    """The Envoy in whose process this node lives.

    It answers calls with `calls`, once the node has started. Envoy itself starts when `is_behind` is set.
    """

    def __init__(self, sockets: Sockets) -> None:
        self.is_behind = asyncio.Event()
        self.calls: GrpcCalls | None = None
        self._sockets, self._admin = sockets, EnvoyAdmin(sockets.admin)

    async def start(
        self,
        broker: Broker,
        rpcs: Iterable[Rpc],
        grpc: GrpcServer,
        rest: RestServer,
        certificate: Certificate | None = None,
    ) -> None:
        """Starts what is behind Envoy, and returns when Envoy listens, with the certificate if it was started so."""
        self._grpc, self._rest = grpc, rest
        self.calls = GrpcCalls(broker, rpcs)
        self._watches = [asyncio.create_task(self.calls.watch())]
        if certificate:
            self._watches.append(asyncio.create_task(self._renew(certificate)))
        await grpc.start_on_socket(str(self._sockets.grpc))
        await rest.start_on_socket(str(self._sockets.http))
        self.is_behind.set()
        await self._until(_LISTENS, {1})

    async def stop(self, grace_s: float) -> None:
        """Stops listening, lets running calls finish for up to `grace_s` seconds, and ends the servers behind."""
        # The first tells callers, with each answer, to go elsewhere; the second closes the ports.
        await self._admin.order("/healthcheck/fail")
        await self._admin.order("/drain_listeners")
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._until(_RUNNING_CALLS, {0, None})
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(self._grpc.stop(0), self._rest.stop(0))

    async def end(self) -> None:
        """Ends Envoy, and with it this process. Does not return."""
        while True:
            await self._admin.order("/quitquitquit")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _renew(self, certificate: Certificate) -> None:
        """Tells Envoy of each new certificate, until it is cancelled."""
        known = None
        while True:
            if (pair := certificate.current()) is not known:
                write_certificate(self._sockets.certificate, certificate)
                known = pair
            await asyncio.sleep(_LOOK_AT_CERTIFICATE_EVERY_S)

    async def _until(self, statistic: str, values: set[int | None]) -> None:
        """Waits until Envoy tells one of the values."""
        while True:
            if await self._admin.statistic(statistic) in values:
                return
            await asyncio.sleep(_LOOK_EVERY_S)
