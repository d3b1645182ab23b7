"""Fixtures of the protocol adapters: servers over a table of the test's own, and a whole API node."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.api.rpcs import Rpc
from broker.metrics import Metrics
from broker.model.limits import Limits

if TYPE_CHECKING:
    from broker.api.node import ApiNode
    from broker.store.store import Store


Serve = Callable[..., Awaitable[str]]


class Keys:
    """Public keys that only have to be passed on."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{"kid": "first"}]}

    def certs(self) -> dict[str, str]:
        return {"first": "PEM"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def serve_rest(runner: asyncio.Runner, metrics: Metrics) -> Iterator[Serve]:
    """Starts a REST server for the given rows and returns its URL."""
    servers: list[RestServer] = []

    async def serve(*rpcs: Rpc) -> str:
        servers.append(RestServer(SimpleNamespace(metrics=metrics, limits=Limits()), rpcs, host="127.0.0.1", port=0))
        return f"http://127.0.0.1:{await servers[-1].start()}"

    yield serve
    for server in servers:
        runner.run(server.stop(0))


@pytest.fixture
def serve_grpc(runner: asyncio.Runner, metrics: Metrics) -> Iterator[Serve]:
    """Starts a gRPC server for the given rows and returns its address."""
    servers: list[GrpcServer] = []

    async def serve(*rpcs: Rpc) -> str:
        servers.append(GrpcServer(SimpleNamespace(metrics=metrics, limits=Limits()), rpcs, host="127.0.0.1", port=0))
        return f"127.0.0.1:{await servers[-1].start()}"

    yield serve
    for server in servers:
        runner.run(server.stop(0))


@pytest.fixture
def node(runner: asyncio.Runner, store: "Store", metrics: Metrics) -> "Iterator[ApiNode]":
    """A whole API node over a real store."""
    from broker.api.node import ApiNode
    from broker.service.broker import Broker

    async def start() -> ApiNode:
        broker = Broker(store, Limits(), metrics)
        node = ApiNode(broker, Keys(), host="127.0.0.1", grpc_port=0, http_port=0)
        await node.start()
        return node

    node = runner.run(start())
    yield node
    runner.run(node.stop(0))
