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
from tests.support.envoy_rows import RowsInEnvoy, rows_in_envoy
from tests.support.fronts import FRONTS
from tests.support.up import Node

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


@pytest.fixture(scope="session")
def rows_in_an_envoy() -> Iterator[RowsInEnvoy]:
    """An Envoy that all tests share which serve rows of their own."""
    with rows_in_envoy() as rows:
        yield rows


@pytest.fixture(params=FRONTS)
def serve_grpc(request: pytest.FixtureRequest, runner: asyncio.Runner, metrics: Metrics) -> Iterator[Serve]:
    """Serves the given rows over gRPC, with each front, and returns the address."""
    servers: list[GrpcServer] = []
    listeners: list[asyncio.Server] = []
    broker: Any = SimpleNamespace(metrics=metrics, limits=Limits())

    async def serve(*rpcs: Rpc) -> str:
        servers.append(GrpcServer(broker, rpcs, host="127.0.0.1", port=0))
        return f"127.0.0.1:{await servers[-1].start()}"

    async def serve_in_envoy(*rpcs: Rpc) -> str:
        rows: RowsInEnvoy = request.getfixturevalue("rows_in_an_envoy")
        listeners.append(await rows.serve(broker, rpcs))
        return rows.address

    yield serve if request.param == "grpcio" else serve_in_envoy
    for listener in listeners:
        listener.close()
    for server in servers:
        runner.run(server.stop(0))


@pytest.fixture(scope="session")
def node_in_envoy(redis_url: str) -> Iterator[Node]:
    """An API node in an Envoy of its own, which all tests share."""
    with Node("api", "--redis-url", redis_url, "--grpc-port", 0, "--http-port", 0, "--front", "envoy") as node:
        yield node


@pytest.fixture(params=FRONTS)
def node(request: pytest.FixtureRequest, store: "Store", node_in_process: "ApiNode") -> "ApiNode | SimpleNamespace":
    """A whole API node over a real store, with each of its fronts; with Envoy only what callers of it see."""
    if request.param == "grpcio":
        return node_in_process
    node = request.getfixturevalue("node_in_envoy")
    host, _, port = node.http.removeprefix("http://").partition(":")
    return SimpleNamespace(grpc_address=node.grpc, http_url=node.http, issuer=node.http, host=host, http_port=int(port))


@pytest.fixture
def node_in_process(runner: asyncio.Runner, store: "Store", metrics: Metrics) -> "Iterator[ApiNode]":
    """A whole API node over a real store, which runs in the test's own process."""
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
