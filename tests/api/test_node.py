"""The whole API node: what programs that are no Google client see, documents, probes, lifecycle."""

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from broker.api.node import ApiNode
from broker.errors import StartupError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.service.broker import Broker
from broker.store.store import Store
from tests.api.conftest import Keys, StartNode
from tests.support.servers import Server, available_binaries

LOCATION = "projects/P/locations/L"
QUEUE = f"{LOCATION}/queues/Q"


async def fetch(node: ApiNode, verb: str, path: str, **arguments: Any) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, node.http_url + path, **arguments) as response,
    ):
        return response.status, await response.text()


async def grpc_health(node: ApiNode) -> str:
    async with grpc.aio.insecure_channel(node.grpc_address) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


async def create_queue(node: ApiNode) -> str:
    return (await fetch(node, "POST", f"/v2/{LOCATION}/queues", json={"name": QUEUE}))[1]


async def test_a_fresh_queue_is_written_as_documented(node: ApiNode) -> None:
    assert await create_queue(node) == (
        "{\n"
        '  "name": "projects/P/locations/L/queues/Q",\n'
        '  "rateLimits": {\n'
        '    "maxDispatchesPerSecond": 500,\n'
        '    "maxBurstSize": 100,\n'
        '    "maxConcurrentDispatches": 1000\n'
        "  },\n"
        '  "retryConfig": {\n'
        '    "maxAttempts": 100,\n'
        '    "minBackoff": "0.100s",\n'
        '    "maxBackoff": "3600s",\n'
        '    "maxDoublings": 16\n'
        "  },\n"
        '  "state": "RUNNING"\n'
        "}\n"
    )


async def test_empty_answers_are_empty_objects(node: ApiNode) -> None:
    await create_queue(node)
    assert await fetch(node, "GET", f"/v2/{QUEUE}/tasks") == (200, "{}\n")
    assert await fetch(node, "DELETE", f"/v2/{QUEUE}", headers={"Content-Type": "application/json"}) == (200, "{}\n")
    assert await fetch(node, "GET", f"/v2/{LOCATION}/queues") == (200, "{}\n")


async def test_a_retry_limit_of_0_is_accepted_and_left_out(node: ApiNode) -> None:
    await create_queue(node)
    change = {"retryConfig": {"maxRetryDuration": "0", "minBackoff": "0.10s", "maxBackoff": "5.000s"}}
    status, text = await fetch(node, "PATCH", f"/v2/{QUEUE}?updateMask=retryConfig", json=change)
    assert status == 200
    assert "maxRetryDuration" not in text
    assert '"minBackoff": "0.100s"' in text
    assert '"maxBackoff": "5s"' in text


async def test_the_keys_that_verify_tokens_are_published(node_in_process: ApiNode) -> None:
    async with aiohttp.ClientSession(node_in_process.http_url) as session:
        configuration = await (await session.get("/.well-known/openid-configuration")).json()
        assert configuration["issuer"] == node_in_process.issuer == node_in_process.http_url
        assert await (await session.get(configuration["jwks_uri"])).json() == Keys().jwks()
        assert await (await session.get("/certs")).json() == Keys().certs()


async def test_probes_and_metrics(node_in_process: ApiNode) -> None:
    await create_queue(node_in_process)
    task = {"task": {"httpRequest": {"url": "http://127.0.0.1:1/"}}}
    assert (await fetch(node_in_process, "POST", f"/v2/{QUEUE}/tasks", json=task))[0] == 200
    assert await fetch(node_in_process, "GET", "/healthz") == (200, "ok\n")
    assert await fetch(node_in_process, "GET", "/readyz") == (200, "ok\n")
    assert await grpc_health(node_in_process) == "SERVING"
    lines = (await fetch(node_in_process, "GET", "/metrics"))[1].splitlines()
    assert f'headrace_tasks_created_total{{queue="{QUEUE}"}} 1.0' in lines
    assert f'headrace_queue_tasks{{queue="{QUEUE}"}} 1.0' in lines
    assert 'headrace_api_calls_total{code="OK",method="CreateTask"} 1.0' in lines


async def test_a_taken_port_leaves_nothing_listening(store: Store) -> None:
    """At Envoy the parent of its process holds the ports: `tests/cli/test_workers.py`."""
    broker = Broker(store, Limits(), Metrics())
    first = ApiNode(broker, Keys(), host="127.0.0.1", grpc_port=0, http_port=0)
    await first.start()
    second = ApiNode(broker, Keys(), host="127.0.0.1", grpc_port=first.grpc_port, http_port=0)
    with pytest.raises(StartupError, match=f"gRPC on 127.0.0.1 port {first.grpc_port}"):
        await second.start()
    await first.stop(0)
    with pytest.raises(aiohttp.ClientConnectionError):
        await fetch(second, "GET", "/healthz")


@pytest.fixture
def own_server() -> Iterator[Server]:
    server = Server(next(iter(available_binaries().values())))
    yield server
    server.close()


async def test_without_redis_a_node_lives_and_says_what_is_wrong(own_server: Server, start_node: StartNode) -> None:
    store = await Store.open(own_server.url)
    node = await start_node(Broker(store, Limits(), Metrics()))
    own_server.kill()
    status, text = await fetch(node, "GET", f"/v2/{QUEUE}")
    assert (status, '"status": "UNAVAILABLE"' in text) == (503, True)
    assert (await fetch(node, "GET", "/readyz"))[0] == 503
    assert await grpc_health(node) == "NOT_SERVING"
    assert (await fetch(node, "GET", "/healthz"))[0] == 200
    assert (await fetch(node, "GET", "/metrics"))[0] == 200
    await asyncio.gather(start_node.stop(), store.close())
