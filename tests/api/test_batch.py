"""Batches of the official clients, which have them in v2 and v2beta3, and of REST, which has them in all versions."""

import io
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.api.programs import LOCATION, TRANSPORTS, run

if TYPE_CHECKING:
    from broker.api.node import ApiNode

QUEUE = f"{LOCATION}/queues/batches"
EXISTS = {"code": 6, "message": "Requested entity already exists"}
SCHEME = {"code": 3, "message": "HttpTarget.url must start with 'http://' or 'https://'."}
NOT_FOUND = {"code": 5, "message": "Requested entity was not found."}
NO_QUEUE = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."


def done(version: str, message: str, state: str, failed: dict[str, Any], **outcome: Any) -> dict[str, Any]:
    """What a finished operation shows besides its name and times."""
    kind = f"type.googleapis.com/google.cloud.tasks.{version}.{message}"
    metadata = {"@type": kind, "state": state, "failed_requests": failed}
    return {"metadata": metadata, "done": True, "ordered": True, "under": f"{LOCATION}/operations"} | outcome


@TRANSPORTS
@pytest.mark.parametrize("version", ["v2", "v2beta3"])
async def test_batches(node: "ApiNode", transport: str, version: str) -> None:
    answers = await run("batches.py", transport, node, version)
    created = answers.pop("created")
    unnamed = [name.rpartition("/")[2] for name in (created[0], created[2])]
    assert created[1] == f"{QUEUE}/tasks/a"
    assert all(len(name) == 20 and name.isdecimal() for name in unnamed)
    response = {"@type": f"type.googleapis.com/google.cloud.tasks.{version}.BatchCreateTasksResponse", "tasks": created}
    aborted = "None of the requests succeeded, refer to BatchCreateTasksMetadata.failed_requests for individual error"
    empty = {"@type": "type.googleapis.com/google.protobuf.Empty", "tasks": []}
    part = "PARTIALLY_SUCCEEDED"
    assert answers.pop("create") == done(
        version, "BatchCreateTasksMetadata", part, {"2": EXISTS, "3": SCHEME}, response=response
    )
    assert answers.pop("delete") == done(version, "BatchDeleteTasksMetadata", part, {"3": NOT_FOUND}, response=empty)
    assert answers.pop("failed") == done(
        version,
        "BatchCreateTasksMetadata",
        "FAILED",
        {"0": EXISTS},
        error={"code": 10, "message": f"{aborted} details"},
    )
    assert answers == {
        "result": "BatchCreateTasksResponse",
        "metadata": "BatchCreateTasksMetadata",
        "again": True,
        "reused": [
            "InvalidArgument" if transport == "grpc" else "BadRequest",
            "request_id was used for another request. Use a new UUID for each request.",
            [],
        ],
        "got": True,
        "no operation": ["NotFound", "Requested entity was not found.", []],
        "listed": True,
        "deleted": "Empty",
        "left": [],
        "nothing": [
            "InvalidArgument" if transport == "grpc" else "BadRequest",
            "requests must have between 1 and 100 entries, not 0.",
            [],
        ],
        "no queue": ["NotFound", NO_QUEUE, []],
    }


async def call(node: "ApiNode", verb: str, path: str, body: Any = None) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            verb, f"{node.http_url}/{path}", data=body and io.BytesIO(json.dumps(body).encode())
        ) as response,
    ):
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
async def test_over_rest_all_versions_have_batches(node: "ApiNode", version: str) -> None:
    await call(node, "POST", f"v2/{LOCATION}/queues", {"name": QUEUE})
    await call(node, "POST", f"v2/{QUEUE}:pause")
    requests = [
        {"task": {"name": f"{QUEUE}/tasks/{name}", "httpRequest": {"url": "http://127.0.0.1:1/"}}} for name in "ab"
    ]
    operation = await call(node, "POST", f"{version}/{QUEUE}/tasks:batchCreate", {"requests": requests})
    package = f"type.googleapis.com/google.cloud.tasks.{version}"
    assert operation["metadata"]["@type"] == f"{package}.BatchCreateTasksMetadata"
    assert operation["metadata"]["state"] == "SUCCEEDED"
    assert [task["name"] for task in operation["response"]["tasks"]] == [
        request["task"]["name"] for request in requests
    ]
    assert await call(node, "GET", f"{version}/{operation['name']}") == operation
    names = [f"{QUEUE}/tasks/a", f"{QUEUE}/tasks/none"]
    operation = await call(node, "POST", f"{version}/{QUEUE}/tasks:batchDelete", {"names": names})
    assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert operation["metadata"]["failedRequests"] == {"1": NOT_FOUND}
    assert await call(node, "GET", f"v2/{operation['name']}") == operation


async def test_the_largest_batch_fits(node: "ApiNode") -> None:
    """Ten mebibytes of bodies are a third more in base64."""
    await call(node, "POST", f"v2/{LOCATION}/queues", {"name": QUEUE})
    await call(node, "POST", f"v2/{QUEUE}:pause")
    requests = [{"task": {"httpRequest": {"url": "http://127.0.0.1:1/", "body": "eHh4" * 34_000}}}] * 100
    operation = await call(node, "POST", f"v2/{QUEUE}/tasks:batchCreate", {"requests": requests})
    assert operation["metadata"]["state"] == "SUCCEEDED"
