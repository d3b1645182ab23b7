"""Caps on calls a minute, over both protocols and all API nodes."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import grpc
import pytest
from google.cloud import tasks_v2

from broker.api.node import ApiNode
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.service.app_engine.errors import Result
from broker.service.broker import Broker
from broker.store.store import Store
from tests.api.app_engine.calls import ApplicationError, Calls
from tests.api.conftest import StartNode

LOCATION = "projects/p/locations/l"
TASK = f"{LOCATION}/queues/q/tasks/t"
TEXT = (
    "Quota exceeded for quota metric 'run_task' and limit 'run_task_per_minute' of service "
    "'cloudtasks.googleapis.com' for consumer 'project_number:p'."
)

StartLimited = Callable[..., Awaitable[ApiNode]]


@pytest.fixture
def start_limited(runner: asyncio.Runner, store: Store, metrics: Metrics, start_node: StartNode) -> StartLimited:
    """Starts a node with these limits. All that a test starts share one store, whose clock stands still."""
    now_us = runner.run(store.time_us())
    store.backend._clock = lambda: now_us

    async def start(**limits: float) -> ApiNode:
        return await start_node(Broker(store, Limits().with_overrides(limits), metrics))

    return start


async def status_of(node: ApiNode, verb: str, path: str) -> int:
    url = f"{node.http_url}/v2/{path}"
    async with aiohttp.ClientSession() as session, session.request(verb, url, json={}) as response:
        return response.status


async def test_a_cap_holds_over_all_nodes_and_protocols(start_limited: StartLimited) -> None:
    first, second = [await start_limited(run_task_per_minute=3) for _ in range(2)]
    statuses = [await status_of(node, "POST", f"{TASK}:run") for node in (first, second, first)]
    assert statuses == [404, 404, 404]
    async with aiohttp.ClientSession() as session:
        answer = await (await session.post(f"{second.http_url}/v2/{TASK}:run")).json()
    assert (answer["error"]["code"], answer["error"]["message"]) == (429, TEXT)
    (detail,) = answer["error"]["details"]
    assert (detail["reason"], detail["metadata"]["quota_limit_value"]) == ("RATE_LIMIT_EXCEEDED", "3")
    async with grpc.aio.insecure_channel(second.grpc_address) as channel:
        run = channel.unary_unary(
            "/google.cloud.tasks.v2.CloudTasks/RunTask",
            request_serializer=tasks_v2.RunTaskRequest.serialize,
            response_deserializer=tasks_v2.Task.deserialize,
        )
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await run(tasks_v2.RunTaskRequest(name=TASK))
    assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, TEXT)
    assert await status_of(first, "POST", f"{TASK.replace('/l/', '/m/')}:run") == 404, "each location has its own"


@pytest.mark.parametrize(
    ("limit", "counted", "free"),
    [
        ("list_calls_per_minute", [("GET", f"{LOCATION}/queues"), ("GET", f"{LOCATION}/queues/q/tasks")], "GET"),
        (
            "queue_calls_per_minute",
            [
                ("POST", f"{LOCATION}/queues"),
                ("PATCH", f"{LOCATION}/queues/a"),
                ("POST", f"{LOCATION}/queues/a:resume"),
            ],
            "GET",
        ),
        ("run_task_per_minute", [("POST", f"{TASK}:run")], "GET"),
        ("api_calls_per_minute", [("GET", TASK), ("DELETE", TASK), ("POST", f"{LOCATION}/queues")], None),
    ],
)
async def test_which_calls_a_cap_counts(
    start_limited: StartLimited, limit: str, counted: list[tuple[str, str]], free: str | None
) -> None:
    node = await start_limited(**{limit: len(counted)})
    for call in counted:
        assert await status_of(node, *call) != 429
    for call in counted:
        assert await status_of(node, *call) == 429
    assert (await status_of(node, free or "GET", TASK) == 429) is (free is None)


async def test_the_calls_of_app_engines_protocols_count(start_limited: StartLimited) -> None:
    node = await start_limited(api_calls_per_minute=2)
    async with aiohttp.ClientSession() as session:
        statistics, url = Calls(session, f"{node.http_url}/rpc_http").stats, f"{node.http_url}/taskqueue/v1beta2"

        async def legacy_status() -> int:
            async with session.get(f"{url}/projects/local/taskqueues/none") as answer:
                return answer.status

        assert await legacy_status() == 404
        assert await statistics(b"none") == [(0, -1, False)]
        assert await legacy_status() == 503
        with pytest.raises(ApplicationError, match="api_calls_per_minute") as refused:
            await statistics(b"none")
    assert refused.value.code == Result.TRANSIENT_ERROR


async def test_without_a_cap_nothing_is_counted(start_limited: StartLimited, redis_client) -> None:
    node = await start_limited()
    await status_of(node, "POST", f"{TASK}:run")
    assert redis_client.keys("*quota*") == []


async def test_a_name_that_is_in_no_location_is_refused_as_ever(start_limited: StartLimited) -> None:
    node = await start_limited(api_calls_per_minute=1)
    async with grpc.aio.insecure_channel(node.grpc_address) as channel:
        get = channel.unary_unary(
            "/google.cloud.tasks.v2.CloudTasks/GetQueue", request_serializer=tasks_v2.GetQueueRequest.serialize
        )
        for _ in range(3):
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await get(tasks_v2.GetQueueRequest(name="q"))
            assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
