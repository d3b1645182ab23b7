"""google.longrunning.Operations over gRPC and every version's REST path; a batch that was cut off goes on."""

from typing import TYPE_CHECKING, Any

import aiohttp
import grpc
import pytest
from google.cloud.tasks_v2 import types
from google.longrunning import operations_pb2, operations_pb2_grpc

from broker.errors import Code, HeadraceError
from tests.support.lost_answers import LostAnswers

if TYPE_CHECKING:
    from broker.api.node import ApiNode

LOCATION = "projects/p/locations/us-central1"
QUEUE = f"{LOCATION}/queues/q"
REQUEST_ID = "0b1c9bb5-3b0c-4d4e-8f4e-0123456789ab"


async def call(node: "ApiNode", verb: str, path: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, f"{node.http_url}/{path}", **arguments) as response,
    ):
        return response.status, await response.json()


async def create(node: "ApiNode", count: int = 2, request_id: str = REQUEST_ID) -> tuple[int, dict[str, Any]]:
    """A batch of tasks without names, in a paused queue."""
    await call(node, "POST", f"v2/{LOCATION}/queues", json={"name": QUEUE})
    await call(node, "POST", f"v2/{QUEUE}:pause")
    requests = [{"task": {"httpRequest": {"url": "http://127.0.0.1:1/"}}}] * count
    body = {"requests": requests, "requestId": request_id}
    return await call(node, "POST", f"v2/{QUEUE}/tasks:batchCreate", json=body)


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
async def test_each_version_shows_it_over_rest(node: "ApiNode", version: str) -> None:
    _, operation = await create(node)
    assert await call(node, "GET", f"{version}/{operation['name']}") == (200, operation)
    status, answer = await call(node, "GET", f"{version}/{LOCATION}/operations/none")
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


async def test_over_grpc(node: "ApiNode") -> None:
    _, shown = await create(node)
    async with grpc.aio.insecure_channel(node.grpc_address) as channel:
        stub = operations_pb2_grpc.OperationsStub(channel)
        operation = await stub.GetOperation(operations_pb2.GetOperationRequest(name=shown["name"]))
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await stub.GetOperation(operations_pb2.GetOperationRequest(name="operations/none"))
        with pytest.raises(grpc.aio.AioRpcError) as unserved:
            await stub.CancelOperation(operations_pb2.CancelOperationRequest(name=shown["name"]))
    response = types.BatchCreateTasksResponse.pb()()
    assert operation.done
    assert operation.response.Unpack(response)
    assert [task.name for task in response.tasks] == [task["name"] for task in shown["response"]["tasks"]]
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND
    assert unserved.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_batch_that_was_cut_off_goes_on_under_the_same_ids(
    node_in_process: "ApiNode", monkeypatch: pytest.MonkeyPatch
) -> None:
    from broker.store.operations import OperationStore

    async def fall_silent(*_arguments: Any, **_options: Any) -> bytes:
        raise HeadraceError(Code.UNAVAILABLE, "The node is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(OperationStore, "keep", fall_silent)
        assert (await create(node_in_process))[0] == 503
    _, listed = await call(node_in_process, "GET", f"v2/{QUEUE}/tasks")
    _, operation = await create(node_in_process)
    assert sorted(task["name"] for task in listed["tasks"]) == sorted(t["name"] for t in operation["response"]["tasks"])
    assert await call(node_in_process, "GET", f"v2/{QUEUE}/tasks") == (200, listed)


async def test_a_batch_whose_outcome_is_unknown_is_unavailable_and_can_be_repeated(node_in_process: "ApiNode") -> None:
    with LostAnswers("task_create", runs=False):
        status, answer = await create(node_in_process)
    assert (status, answer["error"]["status"]) == (503, "UNAVAILABLE")
    assert (await create(node_in_process))[1]["metadata"]["state"] == "SUCCEEDED"
