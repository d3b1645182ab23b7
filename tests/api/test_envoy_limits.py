"""What Envoy bounds before a call gets to the node, with limits that are soon reached."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import grpc
import pytest
from google.cloud.tasks_v2 import types

from broker.api.envoy import configuration
from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.cli import envoy_program
from broker.metrics import Metrics
from broker.model.limits import Limits
from tests.api.rows import ROWS
from tests.support.distant_envoy import DistantEnvoy, DistantFront, distant_envoy
from tests.support.fronts import NEEDS_ENVOY
from tests.support.waiting import eventually_async

pytestmark = NEEDS_ENVOY
METHOD = "/google.cloud.tasks.v2.CloudTasks/GetQueue"
PATH = "/v2/projects/p/locations/l/queues/q"
MOST_CALLS, MOST_CONNECTIONS = 3, 12
WITHIN_S = 4
"""All tests of this file have to keep to it, whatever else the machine does."""
ANSWER_WITHIN_S = 30


@pytest.fixture(scope="module")
def envoy() -> Iterator[DistantEnvoy]:
    small = dict.fromkeys(("_BEGIN_WITHIN_S", "_HEADERS_WITHIN_S", "_REQUEST_WITHIN_S"), WITHIN_S)
    small |= {"_MOST_CALLS_OF_A_CONNECTION": MOST_CALLS, "_LARGEST_HEADERS_KIB": 20}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in small.items():
            patch.setattr(configuration, name, value)
        patch.setattr(envoy_program, "_most_connections", lambda: MOST_CONNECTIONS)
        with distant_envoy() as envoy:
            yield envoy


class Held:
    """Calls that wait until they may go on."""

    def __init__(self) -> None:
        self._began, self.running = asyncio.Semaphore(0), 0
        self.most_running = 0
        self.go_on = asyncio.Event()

    async def __call__(self, _broker: Any, request: Any) -> Any:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self._began.release()
        await self.go_on.wait()
        self.running -= 1
        return types.Queue.pb()(name=request.name)

    async def begin(self, calls: int) -> None:
        """Wait until so many more calls have begun."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            for _ in range(calls):
                await self._began.acquire()


@pytest.fixture
def held(runner: asyncio.Runner, envoy: DistantEnvoy) -> Iterator[Held]:
    """GetQueue behind the Envoy."""

    async def start() -> tuple[DistantFront, Held]:
        front, held = envoy.front(), Held()
        rows = [replace(ROWS[method], handler=held) for method in ("GetQueue", "CreateTask")]
        broker = SimpleNamespace(metrics=Metrics(), limits=Limits())
        servers = GrpcServer(broker, rows, host="", port=0), RestServer(broker, rows, host="", port=0)
        await front.start(broker, rows, *servers)
        return front, held

    front, held = runner.run(start())
    yield held
    held.go_on.set()
    runner.run(front.stop(0))


@asynccontextmanager
async def connection(envoy: DistantEnvoy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.port)
    yield reader, writer
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def answer_to(envoy: DistantEnvoy, sent: bytes) -> bytes:
    """What comes until Envoy closes the connection, which must be before anything more is sent."""
    async with connection(envoy) as (reader, writer):
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), ANSWER_WITHIN_S)
        except ConnectionResetError:
            return b""


POST = f"POST {PATH}/tasks HTTP/1.1\r\nHost: h\r\n"


async def test_who_sends_too_slowly_is_not_waited_for(envoy: DistantEnvoy, held: Held) -> None:
    expected = {
        "": "",
        "PRI * HT": "",
        "GET ": "",
        "GET / HTTP/1.1\r\nHost: h\r\nX-": "HTTP/1.1 408",
        f"{POST}Content-Length: 9\r\n\r\n{{": "HTTP/1.1 408",
        f"{POST}Transfer-Encoding: chunked\r\n\r\n9\r\n": "HTTP/1.1 408",
    }
    answers = await asyncio.gather(*(answer_to(envoy, sent.encode()) for sent in expected))
    assert [answer.decode().partition(" Request")[0] for answer in answers] == list(expected.values())


async def test_a_call_that_is_sent_too_slowly_ends_and_one_that_takes_long_goes_on(
    envoy: DistantEnvoy, held: Held
) -> None:
    async with (
        grpc.aio.insecure_channel(envoy.address) as channel,
        aiohttp.ClientSession() as session,
    ):
        over_grpc = channel.unary_unary(METHOD)(types.GetQueueRequest.pb()(name="n").SerializeToString())
        over_rest = asyncio.create_task(session.get(f"http://{envoy.address}{PATH}"))
        await held.begin(2)
        silent = channel.stream_unary(METHOD)()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await silent
        assert caught.value.details() == "request timeout"
        held.go_on.set()
        assert types.Queue.pb().FromString(await over_grpc).name == "n"
        assert (await over_rest).status == 200


@pytest.mark.parametrize("headers", [b"X-Large: " + b"x" * 21 * 1024 + b"\r\n", b"X-Many: 1\r\n" * 101])
async def test_headers_that_are_too_large_or_too_many(envoy: DistantEnvoy, held: Held, headers: bytes) -> None:
    answer = await answer_to(envoy, b"GET / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431")


async def test_more_calls_than_a_connection_may_have_wait_for_their_turn(envoy: DistantEnvoy, held: Held) -> None:
    async with grpc.aio.insecure_channel(envoy.address) as channel:
        calls = [channel.unary_unary(METHOD)(b"") for _ in range(2 * MOST_CALLS)]
        await held.begin(MOST_CALLS)
        held.go_on.set()
        await asyncio.gather(*calls)
    assert held.most_running <= MOST_CALLS


async def test_one_connection_too_many_is_closed_until_another_ends(envoy: DistantEnvoy, held: Held) -> None:
    held.go_on.set()
    request = f"GET {PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode()

    async def is_served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(request)
        try:
            return (await asyncio.wait_for(reader.read(1000), ANSWER_WITHIN_S)).startswith(b"HTTP/1.1 200")
        except ConnectionResetError:
            return False

    async def one_more_is_served() -> bool:
        async with connection(envoy) as streams:
            return await is_served(*streams)

    async def nobody_is_connected() -> bool:
        return await envoy.admin.statistic(f"http.{configuration.LISTENER}.downstream_cx_active") == 0

    gc.collect()  # calls that are garbage hold connections of gRPC
    await eventually_async(nobody_is_connected)
    async with AsyncExitStack() as kept:
        for _ in range(MOST_CONNECTIONS - 1):
            assert await is_served(*await kept.enter_async_context(connection(envoy)))
        async with connection(envoy) as last:
            assert await is_served(*last)
            assert not await one_more_is_served()
            assert await envoy.admin.statistic("server.live") == 1, "orders come through"
        await eventually_async(one_more_is_served)
