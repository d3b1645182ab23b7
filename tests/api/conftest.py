"""Fixtures of the protocol adapters: servers over a table of the test's own, and whole API nodes, with each front."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from broker.api.grpc_server import GrpcServer
from broker.api.node import ApiNode
from broker.api.rest_server import RestServer
from broker.api.rpcs import Rpc
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.service.broker import Broker
from broker.store.store import Store
from tests.support.distant_envoy import DistantEnvoys
from tests.support.fronts import FRONTS
from tests.support.up import Node

Serve = Callable[..., Awaitable[str]]
StartServers = Callable[..., Awaitable[tuple[str, str]]]


class Keys:
    """Public keys that only have to be passed on."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{"kid": "first"}]}

    def certs(self) -> dict[str, str]:
        return {"first": "PEM"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(scope="session")
def distant_envoys() -> Iterator[DistantEnvoys]:
    """Envoys in front of nodes that run in the test's own process."""
    with DistantEnvoys() as envoys:
        yield envoys


class StartNode:
    """Starts API nodes in the test's own process, behind Envoys if it is given some."""

    def __init__(self, envoys: DistantEnvoys | None = None) -> None:
        self._envoys = envoys
        self._nodes: list[ApiNode] = []

    async def __call__(self, broker: Broker, **options: Any) -> ApiNode:
        """A node that answers; `options` are arguments of ApiNode."""
        if self._envoys is not None:
            envoy = self._envoys[len(self._nodes)]
            options |= {"port": envoy.port, "envoy": envoy.front()}
        node = ApiNode(broker, Keys(), host="127.0.0.1", grpc_port=0, http_port=0, **options)
        await node.start()
        self._nodes.append(node)
        return node

    async def stop(self) -> None:
        """Stop every node."""
        while self._nodes:
            await self._nodes.pop().stop(0)


@pytest.fixture(params=FRONTS)
def start_node(
    request: pytest.FixtureRequest, runner: asyncio.Runner, distant_envoys: DistantEnvoys
) -> Iterator[StartNode]:
    """Starts API nodes in the test's own process, with each front."""
    start = StartNode(distant_envoys if request.param == "envoy" else None)
    yield start
    runner.run(start.stop())


@pytest.fixture(params=FRONTS)
def start_servers(
    request: pytest.FixtureRequest, runner: asyncio.Runner, metrics: Metrics, distant_envoys: DistantEnvoys
) -> Iterator[StartServers]:
    """Serves the given rows with each front; answers the addresses of gRPC and HTTP."""
    stops: list[Callable[[float], Awaitable[None]]] = []
    broker: Any = SimpleNamespace(metrics=metrics, limits=Limits())

    async def start(*rpcs: Rpc, extra_handlers: Iterable[Any] = ()) -> tuple[str, str]:
        grpc = GrpcServer(broker, rpcs, host="127.0.0.1", port=0, extra_handlers=extra_handlers)
        rest = RestServer(broker, rpcs, host="127.0.0.1", port=0)
        if request.param == "envoy":
            front = distant_envoys[0].front()
            stops.append(front.stop)
            await front.start(broker, rpcs, grpc, rest)
            return distant_envoys[0].address, distant_envoys[0].address
        stops.extend((grpc.stop, rest.stop))
        return f"127.0.0.1:{await grpc.start()}", f"127.0.0.1:{await rest.start()}"

    yield start
    for stop in stops:
        runner.run(stop(0))


@pytest.fixture
def serve_rest(start_servers: StartServers) -> Serve:
    """Starts a REST server for the given rows and returns its URL."""

    async def serve(*rpcs: Rpc) -> str:
        return f"http://{(await start_servers(*rpcs))[1]}"

    return serve


@pytest.fixture
def serve_grpc(start_servers: StartServers) -> Serve:
    """Serves the given rows over gRPC and returns the address."""

    async def serve(*rpcs: Rpc) -> str:
        return (await start_servers(*rpcs))[0]

    return serve


@pytest.fixture(scope="session")
def node_in_envoy(redis_url: str) -> Iterator[Node]:
    """An API node in an Envoy of its own, which all tests share."""
    with Node("api", "--redis-url", redis_url, "--grpc-port", 0, "--http-port", 0, "--front", "envoy") as node:
        yield node


@pytest.fixture(params=FRONTS)
def node(
    request: pytest.FixtureRequest, runner: asyncio.Runner, store: Store, metrics: Metrics
) -> Iterator[ApiNode | SimpleNamespace]:
    """A whole API node over a real store, with each of its fronts; with Envoy only what callers of it see."""
    start = StartNode()
    if request.param == "envoy":
        node = request.getfixturevalue("node_in_envoy")
        host, _, port = node.http.removeprefix("http://").partition(":")
        yield SimpleNamespace(
            grpc_address=node.grpc, http_url=node.http, issuer=node.http, host=host, http_port=int(port)
        )
    else:
        yield runner.run(start(Broker(store, Limits(), metrics)))
    runner.run(start.stop())


@pytest.fixture
def node_in_process(runner: asyncio.Runner, store: Store, metrics: Metrics, start_node: StartNode) -> ApiNode:
    """A whole API node over a real store, which runs in the test's own process, with each of its fronts."""
    return runner.run(start_node(Broker(store, Limits(), metrics)))
