"""Both protocols on one port: told apart, passed on whole in both directions, bounded while undecided."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import grpc
import pytest
import requests
from google.cloud.tasks_v2 import types
from google.protobuf import empty_pb2

from broker.api import splice
from broker.api.envoy.front import EnvoyFront
from broker.api.grpc_server import GrpcServer
from broker.api.node import ApiNode
from broker.api.one_port import OnePort
from broker.api.rest_server import RestServer
from broker.api.rpcs import Rpc
from broker.errors import StartupError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.service.broker import Broker
from broker.settings import Settings
from tests.api.conftest import Keys
from tests.api.programs import TRANSPORTS, run
from tests.api.rows import ROWS, row
from tests.support.distant_envoy import DistantEnvoys
from tests.support.fronts import FRONTS
from tests.support.up import Node

if TYPE_CHECKING:
    from broker.store.store import Store

BROKER: Any = SimpleNamespace(metrics=Metrics(), limits=Limits())
QUEUE = "projects/P/locations/L/queues/Q"
PATH = f"/v2/{QUEUE}/tasks"
METHOD = "/google.cloud.tasks.v2.CloudTasks/"
LARGE = bytes(range(256)) * 4096
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes.fromhex("000000040000000000")
GET = f"GET {PATH} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()


@pytest.fixture(params=FRONTS)
def port(request: pytest.FixtureRequest, runner: asyncio.Runner, distant_envoys: DistantEnvoys) -> Iterator[int]:
    """A port with both servers, whose CreateTask answers the task it was given; with each front."""
    with_echo = [
        row("CreateTask", lambda request: request.task),
        row("ListTasks", lambda _request: types.ListTasksResponse.pb()()),
        row("DeleteTask", lambda _request: empty_pb2.Empty()),
    ]
    start = serve if request.param == "grpcio" else partial(serve_behind, distant_envoys)
    server, port = runner.run(start(with_echo))
    yield port
    runner.run(server.stop(0))


async def serve_behind(envoys: DistantEnvoys, rpcs: list[Rpc]) -> tuple[EnvoyFront, int]:
    front = envoys[0].front()
    await front.start(BROKER, rpcs, *servers(rpcs))
    return front, envoys[0].port


def servers(rpcs: list[Rpc]) -> tuple[GrpcServer, RestServer]:
    return GrpcServer(BROKER, rpcs, host="", port=0), RestServer(BROKER, rpcs, host="", port=0)


async def serve(rpcs: list[Rpc], port: int = 0) -> tuple[OnePort, int]:
    one_port = OnePort(*servers(rpcs), host="127.0.0.1", port=port)
    return one_port, await one_port.start()


async def call(port: int, method: str, **fields: Any) -> bytes:
    """The answer to a call over gRPC, on a connection of its own."""
    request = getattr(types, f"{method}Request").pb()(**fields)
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        answer: bytes = await channel.unary_unary(METHOD + method)(request.SerializeToString())
        return answer


async def post(port: int, task: dict[str, Any]) -> dict[str, Any]:
    """The answer to CreateTask over REST."""
    url, body = f"http://127.0.0.1:{port}{PATH}", io.BytesIO(json.dumps({"task": task}).encode())
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as answer:
        assert answer.status == 200
        return dict(await answer.json())


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_many_callers_of_both_kinds_at_once(port: int) -> None:
    names = [f"t{number}" for number in range(100)]
    over_grpc = asyncio.gather(*(call(port, "CreateTask", task={"name": name}) for name in names))
    over_rest = asyncio.gather(*(post(port, {"name": name}) for name in names))
    assert [types.Task.pb().FromString(answer).name for answer in await over_grpc] == names
    assert [answer["name"] for answer in await over_rest] == names


async def test_a_large_body_passes_both_ways(port: int) -> None:
    task = {"http_request": {"body": LARGE}}
    answers = await asyncio.gather(*(call(port, "CreateTask", task=task) for _ in range(8)))
    assert all(types.Task.pb().FromString(answer).http_request.body == LARGE for answer in answers)
    answer = await post(port, {"httpRequest": {"body": base64.b64encode(LARGE).decode()}})
    assert base64.b64decode(answer["httpRequest"]["body"]) == LARGE


async def test_bytes_may_come_one_by_one(port: int) -> None:
    async with connection(port) as (reader, writer):
        await trickle(writer, GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    async with connection(port) as (reader, writer):
        await trickle(writer, PREFACE + SETTINGS)
        assert (await reader.readexactly(9))[3] == 4, "the server's SETTINGS"


async def trickle(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize("first", [b"", b"P", PREFACE[:-1], PREFACE, GET[:5]])
async def test_a_connection_may_end_at_any_time(port: int, first: bytes) -> None:
    async with connection(port) as (reader, writer):
        writer.write(first)
        writer.write_eof()
        with suppress(ConnectionResetError):
            await reader.read()
    await call(port, "DeleteTask", name="n")


@pytest.mark.parametrize("first", [b"", b"PRI * HT", b"\x16\x03\x01 TLS\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"])
async def test_what_is_neither_is_closed(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splice, "_LONGEST_SILENCE_S", 0.05)
    one_port, port = await serve([])
    async with connection(port) as (reader, writer):
        writer.write(first)
        try:
            answer = await reader.read()
        except ConnectionResetError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.0 400")
    await one_port.stop(0)


@asynccontextmanager
async def spliced(
    path: Path, server: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through the front to a server of the test's own in gRPC's place, with the preface sent."""
    inner = await asyncio.start_unix_server(server, path)
    loop = asyncio.get_running_loop()
    front = await loop.create_server(lambda: splice.Undecided(asyncio.Protocol, str(path), set()), "127.0.0.1", 0)
    async with connection(front.sockets[0].getsockname()[1]) as (reader, writer):
        writer.write(PREFACE)
        yield reader, writer
    front.close()
    inner.close()


async def test_what_the_server_does_not_read_stays_with_the_caller(tmp_path: Path) -> None:
    go_on, everything = asyncio.Event(), asyncio.Event()
    received, total = 0, len(PREFACE) + 64 * len(LARGE)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await go_on.wait()
        while data := await reader.read(2**20):
            received += len(data)
        writer.close()
        everything.set()

    async with spliced(tmp_path / "grpc", slow) as (_reader, writer):
        writer.write(bytes(total - len(PREFACE)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.5)
        assert writer.transport.get_write_buffer_size() > total // 2
        go_on.set()
        writer.write_eof()
        await everything.wait()
    assert received == total


async def test_what_the_caller_does_not_read_stays_with_the_server(tmp_path: Path) -> None:
    connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def generous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(PREFACE))
        writer.write(LARGE * 64)
        connected.set_result(writer)
        await writer.drain()
        writer.close()

    async with spliced(tmp_path / "grpc", generous) as (reader, _writer):
        server = await connected
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.drain(), 0.5)
        assert server.transport.get_write_buffer_size() > 32 * len(LARGE)
        assert await reader.read() == LARGE * 64


async def test_a_caller_that_ended_its_half_still_gets_the_answer(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    async with spliced(tmp_path / "grpc", echo) as (reader, writer):
        writer.write(LARGE)
        writer.write_eof()
        assert await reader.read() == PREFACE + LARGE


async def test_a_server_that_is_gone_ends_the_connection(tmp_path: Path) -> None:
    async with spliced(tmp_path / "grpc", lambda _reader, writer: writer.transport.abort()) as (reader, _writer):
        assert await reader.read() == b""


async def test_stopping_lets_running_calls_of_both_kinds_finish() -> None:
    started, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_broker: Any, request: Any) -> Any:
        started.release()
        await go_on.wait()
        return request.task

    one_port, port = await serve([replace(ROWS["CreateTask"], handler=slow)])
    over_grpc = asyncio.create_task(call(port, "CreateTask", task={"name": "n"}))
    over_rest = asyncio.create_task(post(port, {"name": "n"}))
    await started.acquire()
    await started.acquire()
    stopped = asyncio.create_task(one_port.stop(30))
    await asyncio.sleep(0)
    go_on.set()
    assert types.Task.pb().FromString(await over_grpc).name == (await over_rest)["name"] == "n"
    await stopped
    with pytest.raises(OSError, match=r"Connect call failed|refused"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken() -> None:
    first, port = await serve([])
    with pytest.raises(StartupError, match=rf"cannot listen on 127\.0\.0\.1 port {port} .*--port"):
        await serve([], port)
    await first.stop(0)


@TRANSPORTS
async def test_the_official_client(store: "Store", transport: str) -> None:
    node = ApiNode(Broker(store, Limits(), Metrics()), Keys(), host="127.0.0.1", grpc_port=1, http_port=1, port=0)
    await node.start()
    try:
        assert node.http_url == f"http://{node.grpc_address}" == node.issuer
        assert (await run("queues.py", transport, node))["deleted"] is None
    finally:
        await node.stop(0)


def test_headrace_up_on_one_port() -> None:
    with Node("up", "--port", 0) as node:
        assert node.http == f"http://{node.grpc}"
        assert not any(line.startswith(("  gRPC", "  REST")) for line in node.lines)
        directories = set(Path(gettempdir()).glob("headrace-*"))
        assert requests.get(f"{node.http}/readyz", timeout=10).ok
        with grpc.insecure_channel(node.grpc) as channel:
            request = types.ListQueuesRequest.pb()(parent="projects/local/locations/us-central1")
            answer = channel.unary_unary(METHOD + "ListQueues")(request.SerializeToString(), timeout=10)
        assert len(types.ListQueuesResponse.pb().FromString(answer).queues) == 1
        assert node.stop() == 0
    assert directories - set(Path(gettempdir()).glob("headrace-*")), "the socket's directory is gone"


@pytest.mark.parametrize(("value", "expected"), [("8123", 8123), ("tcp://10.0.0.7:8123", None), ("", None)])
def test_what_kubernetes_puts_into_the_environment_is_no_port(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: int | None
) -> None:
    monkeypatch.setenv("HEADRACE_PORT", value)
    assert Settings.load({}).port == expected
