"""The API node: both servers over one broker, with the well-known documents and the probes."""

import asyncio
from typing import Any

from broker.api.admin import admin_routes
from broker.api.app_engine.endpoint import app_engine_routes
from broker.api.certificate import Certificate
from broker.api.deploy import deploy_routes
from broker.api.discovery import discovery_routes
from broker.api.envoy.front import EnvoyFront
from broker.api.firebase import firebase_routes
from broker.api.grpc_server import GrpcServer
from broker.api.health import Health
from broker.api.legacy_rest.routes import legacy_rest_routes
from broker.api.one_port import OnePort
from broker.api.reflection import reflection_handlers
from broker.api.rest_server import RestServer
from broker.api.rpcs import RPCS
from broker.api.wellknown import PublishedKeys, wellknown_routes
from broker.errors import HeadraceError, StartupError
from broker.probes import Exposition, Probe, probe_routes
from broker.service.broker import Broker


class ApiNode:
    """Answers gRPC on one port and REST on another, or both on one. Stateless: any number of nodes serve one store."""

    def __init__(
        self,
        broker: Broker,
        keys: PublishedKeys,
        *,
        host: str,
        grpc_port: int,
        http_port: int,
        port: int | None = None,
        issuer: str = "",
        queue_labels: int = 1000,
        admin: bool = False,
        alive: Probe | None = None,
        sum_of_workers: Exposition | None = None,
        envoy: EnvoyFront | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """Ports may be 0, any free port. If `port` is given, both protocols are served there and nowhere else.

        `issuer` defaults to the address of the HTTP port.
        `admin` serves /admin/v1. `alive` answers /healthz for what else runs in this process.
        `sum_of_workers` makes it one of several processes that share the ports: it gives what they have counted.
        `envoy` serves the ports, which are then never 0, each of them for both protocols.
        With `certificate` every port speaks TLS.
        """
        shares_port = sum_of_workers is not None
        self._sum_of_workers = sum_of_workers
        self.host, self.grpc_port, self.http_port, self.issuer = host, grpc_port, http_port, issuer
        self._broker, self._queue_labels = broker, queue_labels
        self._health = Health(broker.store.ping, {rpc.service for rpc in RPCS})
        grpc_extras = (self._health.handler(), *reflection_handlers(RPCS))
        self._certificate = certificate
        listening: dict[str, Any] = {"host": host, "shares_port": shares_port, "certificate": certificate}
        self._grpc = GrpcServer(broker, RPCS, port=grpc_port, extra_handlers=grpc_extras, **listening)
        routes = wellknown_routes(keys, lambda: self.issuer)
        routes += probe_routes(alive=alive or self._alive, ready=broker.store.ping, metrics=self._metrics)
        routes += deploy_routes(broker) + firebase_routes(broker) + discovery_routes()
        routes += app_engine_routes(broker)
        routes += legacy_rest_routes(broker)
        routes += admin_routes(broker, on=admin)
        self._rest = RestServer(broker, RPCS, port=http_port, extra_routes=routes, **listening)
        self._one_port = None
        self._envoy = envoy
        if envoy:
            self.grpc_port, self.http_port = (grpc_port, http_port) if port is None else (port, port)
        elif port is not None:
            self._one_port = OnePort(self._grpc, self._rest, port=port, **listening)

    async def start(self) -> None:
        """Starts both servers; then `grpc_port`, `http_port` and `issuer` are the real ones.

        Raises StartupError, with nothing left listening.
        """
        if self._envoy:
            self.issuer = self.issuer or self.http_url
            await self._envoy.start(self._broker, RPCS, self._grpc, self._rest, self._certificate)
            return
        if self._one_port:
            self.grpc_port = self.http_port = await self._one_port.start()
            self.issuer = self.issuer or self.http_url
            return
        self.http_port = await self._rest.start()
        self.issuer = self.issuer or self.http_url
        try:
            self.grpc_port = await self._grpc.start()
        except StartupError:
            await self._rest.stop(0)
            raise

    async def stop(self, grace_s: float) -> None:
        """Stops listening and lets running calls finish for up to `grace_s` seconds."""
        self._health.stop()
        if self._envoy:
            await self._envoy.stop(grace_s)
        elif self._one_port:
            await self._one_port.stop(grace_s)
        else:
            await asyncio.gather(self._grpc.stop(grace_s), self._rest.stop(grace_s))

    @property
    def grpc_address(self) -> str:
        """Where gRPC is served, HOST:PORT."""
        return f"{self._bracketed_host}:{self.grpc_port}"

    @property
    def http_url(self) -> str:
        """Where REST is served, without a slash at the end."""
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://{self._bracketed_host}:{self.http_port}"

    @property
    def _bracketed_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    async def _alive(self) -> None:
        """An API node waits for nothing but Redis, and a lost Redis is no reason to restart it."""

    async def _metrics(self) -> bytes:
        """The exposition, with the state of queues and of Redis read now; without them while Redis is away."""
        store, metrics = self._broker.store, self._broker.metrics
        try:
            depths, memory = await store.queues.depths(limit=self._queue_labels), await store.memory()
        except HeadraceError:
            depths, memory = [], []
        metrics.set_depths(
            (str(depth.name), depth.tasks, depth.in_flight, depth.rate, depth.overdue_us / 1e6) for depth in depths
        )
        metrics.set_redis_memory((server.address, server.used_bytes, server.limit_bytes) for server in memory)
        if self._sum_of_workers:
            return await metrics.gauges() + await self._sum_of_workers()
        return await metrics.exposition()
