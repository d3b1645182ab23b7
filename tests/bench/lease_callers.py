"""Workers that lease and delete over the protocols: v2beta2 over gRPC, and App Engine's envelopes over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import grpc
from google.cloud.tasks_v2 import BatchDeleteTasksRequest
from google.cloud.tasks_v2beta2 import AcknowledgeTaskRequest, LeaseTasksRequest, LeaseTasksResponse
from google.protobuf.duration_pb2 import Duration

from broker.api.app_engine.messages import MESSAGES
from broker.model.names import QueueName

_LEASE = "/google.cloud.tasks.v2beta2.CloudTasks/LeaseTasks"
_ACKNOWLEDGE = "/google.cloud.tasks.v2beta2.CloudTasks/AcknowledgeTask"
_DELETE = "/google.cloud.tasks.v2.CloudTasks/BatchDeleteTasks"

LEASE_S = 600
_LEASED_AT_ONCE = 1000

Lease = Callable[[], Awaitable[list[str]]]
Delete = Callable[[list[str]], Awaitable[None]]
"""Take what `Lease` has returned."""


def over_grpc(channel: grpc.aio.Channel, queue: QueueName, batch: int) -> tuple[Lease, Delete]:
    """LeaseTasks and BatchDeleteTasks."""
    lease_tasks, batch_delete = channel.unary_unary(_LEASE), channel.unary_unary(_DELETE)
    request = _lease_request(queue, batch, "FULL")
    answer_class, delete_class = LeaseTasksResponse.pb(), BatchDeleteTasksRequest.pb()

    async def lease() -> list[str]:
        answer = answer_class.FromString(await lease_tasks(request))
        return [task.name for task in answer.tasks]

    async def delete(got: list[str]) -> None:
        await batch_delete(delete_class(parent=str(queue), names=got).SerializeToString())

    return lease, delete


def over_rpc_http(session: aiohttp.ClientSession, url: str, queue: QueueName, batch: int) -> tuple[Lease, Delete]:
    """QueryAndOwnTasks and Delete."""
    queue_name = queue.queue_id.encode()

    async def call(method: str, request: Any) -> bytes:
        envelope = MESSAGES["Request"](
            service_name="taskqueue", method=method, request=request.SerializeToString()
        ).SerializeToString()
        async with session.post(f"{url}/rpc_http", data=envelope) as answer:
            return bytes(MESSAGES["Response"].FromString(await answer.read()).response)

    async def lease() -> list[str]:
        wanted = MESSAGES["QueryAndOwnTasksRequest"](queue_name=queue_name, lease_seconds=LEASE_S, max_tasks=batch)
        answer = MESSAGES["QueryAndOwnTasksResponse"].FromString(await call("QueryAndOwnTasks", wanted))
        return [task.task_name.decode() for task in answer.task]

    async def delete(got: list[str]) -> None:
        names = [name.encode() for name in got]
        await call("Delete", MESSAGES["DeleteRequest"](queue_name=queue_name, task_name=names))

    return lease, delete


async def acknowledgements(channel: grpc.aio.Channel, queue: QueueName, tasks: int) -> list[bytes]:
    """Lease so many tasks, and make the requests that finish them."""
    lease_tasks, request = channel.unary_unary(_LEASE), _lease_request(queue, _LEASED_AT_ONCE, "BASIC")
    answer_class, acknowledge_class = LeaseTasksResponse.pb(), AcknowledgeTaskRequest.pb()
    requests: list[bytes] = []
    while len(requests) < tasks:
        leased = answer_class.FromString(await lease_tasks(request)).tasks
        assert leased, f"{len(requests)} of {tasks}"
        done = (acknowledge_class(name=task.name, schedule_time=task.schedule_time) for task in leased)
        requests += [each.SerializeToString() for each in done]
    return requests


async def acknowledge_over_grpc(channel: grpc.aio.Channel, requests: Sequence[bytes], at_once: int) -> None:
    """AcknowledgeTask, so many calls at once."""
    acknowledge, left = channel.unary_unary(_ACKNOWLEDGE), iter(requests)

    async def work() -> None:
        for request in left:
            await acknowledge(request)

    await asyncio.gather(*(work() for _ in range(at_once)))


def _lease_request(queue: QueueName, batch: int, view: str) -> bytes:
    wanted = LeaseTasksRequest(
        parent=str(queue), max_tasks=batch, lease_duration=Duration(seconds=LEASE_S), response_view=view
    )
    return bytes(LeaseTasksRequest.pb(wanted).SerializeToString())
