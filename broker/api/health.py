"""gRPC health checking, grpc.health.v1: the same answer as /readyz, for load balancers and kubelets that speak gRPC."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from broker.errors import HeadraceError
from broker.probes import Probe

SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

_LOOK_EVERY_S = 1.0
_WHOLE_SERVER = ""
_Status = health_pb2.HealthCheckResponse


class Health:
    """Answers for the whole server, the service with no name, and for each of `services` alike."""

    def __init__(self, ready: Probe, services: Collection[str]) -> None:
        self._ready = ready
        self._services = {_WHOLE_SERVER, *services}
        self._stopping = asyncio.Event()
        self._last, self._looked_s = _Status.NOT_SERVING, float("-inf")

    def handler(self) -> Any:
        """What serves the service's methods."""
        codec = {
            "request_deserializer": health_pb2.HealthCheckRequest.FromString,
            "response_serializer": _Status.SerializeToString,
        }
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check, **codec),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch, **codec),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def stop(self) -> None:
        """Answer NOT_SERVING from now on, and end the watches, which would outlast every grace."""
        self._stopping.set()

    async def _check(self, request: Any, context: Any) -> Any:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "The server does not have this service.")
        return _Status(status=await self._look())

    async def _watch(self, request: Any, _context: Any) -> AsyncIterator[Any]:
        """The status now and whenever it has changed, found out within a second or so."""
        known = request.service in self._services
        told = None
        while True:
            stopping = self._stopping.is_set()  # before the status, which otherwise may be one from before
            status = await self._recent() if known else _Status.SERVICE_UNKNOWN
            if status != told:
                yield _Status(status=status)
                told = status
            if stopping:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _LOOK_EVERY_S)

    async def _recent(self) -> int:
        """The status as of the last second: many watches cost one look."""
        now_s = asyncio.get_running_loop().time()
        if self._stopping.is_set() or now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            self._last = await self._look()
        return int(self._last)

    async def _look(self) -> int:
        if self._stopping.is_set():
            return int(_Status.NOT_SERVING)
        try:
            await self._ready()
        except HeadraceError:
            return int(_Status.NOT_SERVING)
        return int(_Status.SERVING)
