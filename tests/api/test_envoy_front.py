"""What only the node behind Envoy has to care for: callers who go, compression, what else shares the port."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
import pytest
import requests
from google.cloud.tasks_v2 import types
from grpc_health.v1 import health_pb2, health_pb2_grpc

from broker.api.unary import MAX_REQUEST_BYTES
from broker.metrics import Metrics
from broker.model.limits import Limits
from tests.api.rows import ROWS, recording
from tests.support.envoy_rows import RowsInEnvoy
from tests.support.fronts import NEEDS_ENVOY
from tests.support.up import Node

pytestmark = NEEDS_ENVOY
PREFIX = "/google.cloud.tasks.v2.CloudTasks/"
UNBOUNDED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


@pytest.fixture
def broker() -> Any:
    class Served:
        metrics, limits = Metrics(), Limits()

    return Served()


async def serve(rows: RowsInEnvoy, broker: Any, handler: Callable[..., Any]) -> asyncio.Server:
    return await rows.serve(broker, (replace(ROWS["GetQueue"], handler=handler),))


@pytest.mark.parametrize("leaves_by", ["cancelling", "closing"])
async def test_the_work_for_a_caller_that_has_gone_ends(
    rows_in_an_envoy: RowsInEnvoy, broker: Any, leaves_by: str
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def endless(_broker: Any, _request: Any) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    server = await serve(rows_in_an_envoy, broker, endless)
    channel = grpc.aio.insecure_channel(rows_in_an_envoy.address)
    call = channel.unary_unary(PREFIX + "GetQueue")(b"")
    await asyncio.wait_for(began.wait(), 10)
    if leaves_by == "cancelling":
        call.cancel()
    await channel.close()
    await asyncio.wait_for(ended.wait(), 10)
    server.close()


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_requests_may_be_compressed(
    rows_in_an_envoy: RowsInEnvoy, broker: Any, compression: grpc.Compression
) -> None:
    rpc, asked = recording("GetQueue")
    server = await rows_in_an_envoy.serve(broker, (rpc,))
    request = types.GetQueueRequest.pb()(name="n" * 1_000_000)
    async with grpc.aio.insecure_channel(rows_in_an_envoy.address, compression=compression) as channel:
        await channel.unary_unary(PREFIX + "GetQueue")(request.SerializeToString())
    assert asked == [request]
    server.close()


async def test_a_message_far_too_large_is_refused_as_one_a_little_too_large(rows_in_an_envoy: RowsInEnvoy) -> None:
    async with grpc.aio.insecure_channel(rows_in_an_envoy.address, UNBOUNDED) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(PREFIX + "GetQueue")(bytes(6 * MAX_REQUEST_BYTES))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_many_large_messages_at_once(rows_in_an_envoy: RowsInEnvoy, broker: Any) -> None:
    async def echo(_broker: Any, request: Any) -> Any:
        return types.Queue.pb()(name=request.name)

    server = await serve(rows_in_an_envoy, broker, echo)
    requests = [types.GetQueueRequest.pb()(name=f"{number}" * 3_000_000) for number in range(8)]
    async with grpc.aio.insecure_channel(rows_in_an_envoy.address, UNBOUNDED) as channel:
        method = channel.unary_unary(PREFIX + "GetQueue")
        answers = await asyncio.gather(*(method(request.SerializeToString()) for request in requests))
    assert [types.Queue.pb().FromString(answer).name for answer in answers] == [asked.name for asked in requests]
    server.close()


def test_each_port_serves_all_protocols(node_in_envoy: Node) -> None:
    for address in (node_in_envoy.grpc, node_in_envoy.http.removeprefix("http://")):
        assert requests.get(f"http://{address}/readyz", timeout=10).text == "ok\n"
        answer = requests.get(f"http://{address}/v2/projects/p/locations/l/nothing", timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
        with grpc.insecure_channel(address) as channel:
            request = types.ListQueuesRequest.pb()(parent="projects/p/locations/l").SerializeToString()
            channel.unary_unary(PREFIX + "ListQueues")(request, timeout=10)
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=10)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/google.Nothing/Get")(b"", timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
