"""gRPC health checking, asked by the stub of the health checking library."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from broker.api.health import Health
from broker.errors import Code, HeadraceError
from tests.api.conftest import StartServers

SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


class Readiness:
    """A probe that answers as the test says, and counts."""

    def __init__(self) -> None:
        self.is_ready, self.looks = True, 0
        self.meanwhile: Callable[[], None] | None = None

    async def __call__(self) -> None:
        self.looks += 1
        if self.meanwhile:
            self.meanwhile()
        if not self.is_ready:
            raise HeadraceError(Code.UNAVAILABLE, "The store is not available, try again.")


@pytest.fixture
def ready() -> Readiness:
    return Readiness()


@pytest.fixture
def health(ready: Readiness) -> Health:
    return Health(ready, {"google.cloud.tasks.v2.CloudTasks"})


@pytest.fixture
def stub(runner: asyncio.Runner, health: Health, start_servers: StartServers) -> Iterator[Any]:
    """A client of a server that serves nothing else, with each front."""

    async def start() -> grpc.aio.Channel:
        address, _ = await start_servers(extra_handlers=[health.handler()])
        return grpc.aio.insecure_channel(address)

    channel = runner.run(start())
    yield health_pb2_grpc.HealthStub(channel)
    health.stop()
    runner.run(channel.close())


def of(service: str = "") -> Any:
    return health_pb2.HealthCheckRequest(service=service)


async def test_check_answers_as_the_node_is_now(stub: Any, ready: Readiness) -> None:
    answers = []
    for ready.is_ready in (True, False, True):
        answers += [(await stub.Check(of(service))).status for service in ("", "google.cloud.tasks.v2.CloudTasks")]
    assert answers == [SERVING, SERVING, NOT_SERVING, NOT_SERVING, SERVING, SERVING]


async def test_a_service_that_is_not_there(stub: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(of("google.cloud.Nothing"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(of("google.cloud.Nothing"))
    assert (await watch.read()).status == SERVICE_UNKNOWN


async def test_a_watch_tells_each_change(stub: Any, ready: Readiness) -> None:
    watch = stub.Watch(of())
    told = []
    for ready.is_ready in (True, False, True):
        told.append((await watch.read()).status)
    assert told == [SERVING, NOT_SERVING, SERVING]


async def test_many_watches_cost_one_look(stub: Any, ready: Readiness) -> None:
    watches = [stub.Watch(of()) for _ in range(50)]
    await asyncio.gather(*(watch.read() for watch in watches))
    assert ready.looks < 10


async def test_stopping_ends_watches(stub: Any, health: Health) -> None:
    watch = stub.Watch(of())
    assert (await watch.read()).status == SERVING
    health.stop()
    assert (await watch.read()).status == NOT_SERVING
    assert await watch.read() is grpc.aio.EOF
    assert (await stub.Check(of())).status == NOT_SERVING


async def test_a_watch_tells_of_a_stop_during_its_look(stub: Any, health: Health, ready: Readiness) -> None:
    ready.meanwhile = health.stop
    assert [answer.status async for answer in stub.Watch(of())] == [SERVING, NOT_SERVING]
