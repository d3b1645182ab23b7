"""IAM policies with the official clients, each in a process of its own, and over plain REST (3.7, 7)."""

from typing import Any

import aiohttp
import pytest

from broker.api.node import ApiNode
from tests.api.programs import TRANSPORTS, run

QUEUE = "projects/p/locations/us-central1/queues/q"
VERSIONS = pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
BINDING = {"role": "roles/cloudtasks.enqueuer", "members": ["user:ada@example.com"]}


@TRANSPORTS
@VERSIONS
async def test_a_client_reads_and_writes_policies(node: ApiNode, transport: str, version: str) -> None:
    answers = await run("policies.py", transport, node, version)
    names = {"grpc": ["Aborted", "InvalidArgument"], "rest": ["Conflict", "BadRequest"]}[transport]
    refusals = {name: answers.pop(name) for name in ("stale", "unknown permission", "missing")}
    assert answers == {
        "empty etag": "002001",
        "stored": {"version": 1, "bindings": [BINDING]},
        "same etag": True,
        "new etag": True,
        "overwritten": {},
        "kept by a mask": True,
        "granted": ["cloudtasks.tasks.create", "cloudtasks.queues.get"],
        "granted on nothing": [],
    }
    assert [refused[0] for refused in refusals.values()] == [*names, "NotFound"]
    assert refusals["stale"][1].startswith("There were concurrent policy changes. Please retry the whole ")
    assert refusals["unknown permission"][1] == "Permission cloudtasks.* is not valid for this resource."
    assert refusals["missing"][1].startswith("Queue does not exist.")


async def post(node: ApiNode, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{node.http_url}/v2/{path}", json=body) as response,
    ):
        return response.status, await response.json()


async def test_plain_rest(node: ApiNode) -> None:
    await post(node, "projects/p/locations/us-central1/queues", {"name": QUEUE})
    assert await post(node, f"{QUEUE}:getIamPolicy") == (200, {"etag": "ACAB"})
    assert await post(node, f"{QUEUE}:testIamPermissions", {}) == (200, {})

    status, policy = await post(node, f"{QUEUE}:setIamPolicy", {"policy": {"bindings": [BINDING], "version": 3}})
    assert (status, policy) == (200, {"version": 1, "bindings": [BINDING], "etag": policy["etag"]})
    assert await post(node, f"{QUEUE}:getIamPolicy", {}) == (200, policy)

    status, answer = await post(node, f"{QUEUE}:setIamPolicy", {"policy": {"etag": "ACAB"}})
    assert (status, answer["error"]["status"]) == (409, "ABORTED")
    text = answer["error"]["message"]
    assert "The request's ETag '\\000\\040\\001' did not match the current policy's ETag '\\" in text
