"""gRPC beside the methods themselves: statuses with details, limits, lifecycle."""

import asyncio
import socket
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.cloud.tasks_v2 import types
from google.rpc import error_details_pb2, status_pb2

from broker.api.grpc_server import GrpcServer
from broker.api.unary import MAX_REQUEST_BYTES
from broker.errors import Code, HeadraceError, HelpLink, StartupError
from broker.metrics import Metrics
from broker.model.limits import Limits
from tests.api.conftest import Serve
from tests.api.rows import ROWS, failing, recording, row

PREFIX = "/google.cloud.tasks.v2.CloudTasks/"
UNBOUNDED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


async def call(address: str, method: str, request: Any = b"", **arguments: Any) -> bytes:
    """The bytes that a method answers to bytes or a message."""
    payload = request if isinstance(request, bytes) else request.SerializeToString()
    async with grpc.aio.insecure_channel(address) as channel:
        answer: bytes = await channel.unary_unary(PREFIX + method)(payload, **arguments)
        return answer


async def error_of(address: str, method: str, request: Any = b"", **arguments: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(address, method, request, **arguments)
    return caught.value


async def test_a_call_is_answered(serve_grpc: Serve) -> None:
    queue_class = types.Queue.pb()
    address = await serve_grpc(row("GetQueue", lambda request: queue_class(name=request.name)))
    request = types.GetQueueRequest.pb()(name="é")
    metadata = (("x-goog-request-params", "name=e"), ("x-goog-api-client", "gl-python"), ("x-goog-fieldmask", "*"))
    assert queue_class.FromString(await call(address, "GetQueue", request, metadata=metadata, timeout=60)).name == "é"


@pytest.mark.parametrize("code", Code)
async def test_each_code_arrives(serve_grpc: Serve, code: Code) -> None:
    address = await serve_grpc(failing("GetQueue", HeadraceError(code, "text é\n%")))
    error = await error_of(address, "GetQueue")
    assert (error.code().value[0], error.details()) == (code, "text é\n%")
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())


async def test_details_arrive(serve_grpc: Serve) -> None:
    wrong = HeadraceError(Code.INVALID_ARGUMENT, "text", HelpLink("Definition", "https://help"))
    error = await error_of(await serve_grpc(failing("GetQueue", wrong)), "GetQueue")
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    help_links = error_details_pb2.Help()
    assert (status.code, status.message) == (3, "text")
    assert status.details[0].Unpack(help_links)
    assert (help_links.links[0].description, help_links.links[0].url) == ("Definition", "https://help")


async def test_an_error_fits_into_the_trailers(serve_grpc: Serve) -> None:
    huge = HeadraceError(Code.NOT_FOUND, "x" * 1_000_000, HelpLink("y" * 1_000_000, ""))
    error = await error_of(await serve_grpc(failing("GetQueue", huge)), "GetQueue")
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert set(error.details()) == {"x"}


async def test_a_bug_shows_nothing_of_itself(
    serve_grpc: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    error = await error_of(await serve_grpc(failing("GetQueue", ZeroDivisionError("secret"))), "GetQueue")
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "Internal error encountered.")
    assert "secret" in caplog.text
    assert "Traceback" not in capfd.readouterr().err


async def test_a_message_that_cannot_be_read(serve_grpc: Serve) -> None:
    error = await error_of(await serve_grpc(recording("GetQueue")[0]), "GetQueue", b"\xff\xff")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "The request is not a valid google.cloud.tasks.v2.GetQueueRequest message."


async def test_large_messages_pass_up_to_the_limit(serve_grpc: Serve) -> None:
    rpc, requests = recording("GetQueue")
    address = await serve_grpc(rpc)
    request = types.GetQueueRequest.pb()(name="n" * (MAX_REQUEST_BYTES - 100))
    await call(address, "GetQueue", request)
    assert requests == [request]
    for length in (MAX_REQUEST_BYTES + 1, 6 * MAX_REQUEST_BYTES):
        error = await error_of(address, "GetQueue", bytes(length))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_many_large_messages_at_once(serve_grpc: Serve) -> None:
    queue_class = types.Queue.pb()
    address = await serve_grpc(row("GetQueue", lambda request: queue_class(name=request.name)))
    requests = [types.GetQueueRequest.pb()(name=f"{number}" * 3_000_000) for number in range(8)]
    async with grpc.aio.insecure_channel(address, UNBOUNDED) as channel:
        method = channel.unary_unary(PREFIX + "GetQueue")
        answers = await asyncio.gather(*(method(request.SerializeToString()) for request in requests))
    assert [queue_class.FromString(answer).name for answer in answers] == [asked.name for asked in requests]


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_requests_may_be_compressed(serve_grpc: Serve, compression: grpc.Compression) -> None:
    rpc, asked = recording("GetQueue")
    request = types.GetQueueRequest.pb()(name="n" * 1_000_000)
    async with grpc.aio.insecure_channel(await serve_grpc(rpc), compression=compression) as channel:
        await channel.unary_unary(PREFIX + "GetQueue")(request.SerializeToString())
    assert asked == [request]


@pytest.mark.parametrize("method", ["GetQueue", "Fly"])
async def test_a_method_that_is_not_served(serve_grpc: Serve, method: str) -> None:
    address = await serve_grpc(replace(ROWS["GetQueue"], handler=None))
    assert (await error_of(address, method)).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_deadline_ends_the_call_and_its_work(serve_grpc: Serve, metrics: Metrics) -> None:
    ended = asyncio.Event()

    async def endless(_broker: Any, _request: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    address = await serve_grpc(replace(ROWS["GetQueue"], handler=endless))
    error = await error_of(address, "GetQueue", timeout=1)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(ended.wait(), 10)
    assert b'headrace_api_calls_total{code="CANCELLED",method="GetQueue"} 1.0' in await metrics.exposition()


@pytest.mark.parametrize("leaves_by", ["cancelling", "closing"])
async def test_the_work_for_a_caller_that_has_gone_ends(serve_grpc: Serve, leaves_by: str) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def endless(_broker: Any, _request: Any) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    channel = grpc.aio.insecure_channel(await serve_grpc(replace(ROWS["GetQueue"], handler=endless)))
    running = channel.unary_unary(PREFIX + "GetQueue")(b"")
    await asyncio.wait_for(began.wait(), 10)
    if leaves_by == "cancelling":
        running.cancel()
    await channel.close()
    await asyncio.wait_for(ended.wait(), 10)


async def test_a_port_that_is_taken(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = GrpcServer(SimpleNamespace(), (), host="127.0.0.1", port=port)
        with pytest.raises(StartupError, match=rf"cannot listen for gRPC on 127.0.0.1 port {port} .*--grpc-port"):
            await server.start()
    assert capfd.readouterr().err == ""


async def test_two_servers_do_not_share_a_port() -> None:
    first = GrpcServer(SimpleNamespace(), (), host="127.0.0.1", port=0)
    second = GrpcServer(SimpleNamespace(), (), host="127.0.0.1", port=await first.start())
    with pytest.raises(StartupError):
        await second.start()
    await first.stop(0)


async def test_stopping_lets_a_running_call_finish() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_broker: Any, _request: Any) -> Any:
        started.set()
        await go_on.wait()
        return types.Queue.pb()(name="n")

    rpc = replace(ROWS["GetQueue"], handler=slow)
    broker = SimpleNamespace(metrics=Metrics(), limits=Limits())
    server = GrpcServer(broker, [rpc], host="127.0.0.1", port=0)
    address = f"127.0.0.1:{await server.start()}"
    answer = asyncio.create_task(call(address, "GetQueue"))
    await asyncio.wait_for(started.wait(), 10)
    stopped = asyncio.create_task(server.stop(30))
    go_on.set()
    assert await answer == types.Queue.pb()(name="n").SerializeToString()
    await stopped
