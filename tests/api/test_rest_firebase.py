"""The paths without a version: what firebase-admin and Firebase's tools send to an emulator's address."""

import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from broker.api.node import ApiNode

LOCATION = "projects/demo-p/locations/us-central1"
QUEUE = f"{LOCATION}/queues/resize"
DEFAULT_URI = "http://127.0.0.1:5001/demo-p/us-central1/resize"
OWNER = {"Authorization": "Bearer owner", "X-Goog-Api-Format-Version": "2"}


async def call(node: "ApiNode", verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(headers=OWNER) as session,
        session.request(verb, f"{node.http_url}/{path}", json=body) as response,
    ):
        return response.status, json.loads(await response.text())


def task(**fields: Any) -> dict[str, Any]:
    """What enqueue() sends."""
    request = {
        "url": "",
        "oidcToken": {"serviceAccountEmail": "emulated-service-acct@email.com"},
        "body": base64.b64encode(b'{"data": 1}').decode(),
        "headers": {"Content-Type": "application/json"},
    }
    return {"task": {"httpRequest": request, **fields}}


async def make(node: "ApiNode", **config: Any) -> tuple[int, Any]:
    return await call(node, "POST", QUEUE, {"retryConfig": {}, "rateLimits": {}, "defaultUri": DEFAULT_URI} | config)


async def test_a_queue_with_defaults(node: "ApiNode") -> None:
    status, answer = await make(node)
    assert (status, answer["taskQueueConfig"]["retryConfig"]["maxAttempts"]) == (200, 3)
    _, queue = await call(node, "GET", f"v2/{QUEUE}")
    assert queue["retryConfig"] == {
        "maxAttempts": 3,
        "minBackoff": "0.100s",
        "maxBackoff": "3600s",
        "maxDoublings": 16,
    }
    assert queue["httpTarget"]["uriOverride"] == {
        "scheme": "HTTP",
        "host": "127.0.0.1",
        "port": "5001",
        "pathOverride": {"path": "/demo-p/us-central1/resize"},
        "uriOverrideEnforceMode": "IF_NOT_EXISTS",
    }


async def test_a_queue_is_made_anew_at_each_start_of_the_emulator(node: "ApiNode") -> None:
    retry = {
        "maxAttempts": 5,
        "maxRetrySeconds": 60,
        "minBackoffSeconds": 0.5,
        "maxBackoffSeconds": 9,
        "maxDoublings": 2,
    }
    await make(node, retryConfig=retry, rateLimits={"maxConcurrentDispatches": 7, "maxDispatchesPerSecond": 2})
    assert (await make(node, retryConfig=retry | {"maxAttempts": None}, timeoutSeconds=60, retry=True))[0] == 200
    _, queue = await call(node, "GET", f"v2/{QUEUE}")
    assert queue["rateLimits"]["maxConcurrentDispatches"] == 1000
    assert queue["retryConfig"] == {
        "maxAttempts": 3,
        "maxRetryDuration": "60s",
        "minBackoff": "0.500s",
        "maxBackoff": "9s",
        "maxDoublings": 2,
    }


@pytest.mark.parametrize(
    "config",
    [
        {"defaultUri": "ftp://h/"},
        {"defaultUri": "http://h:x/"},
        {"defaultUri": 7},
        {"retryConfig": []},
        {"retryConfig": {"maxAttempts": "many"}},
        {"retryConfig": {"minBackoffSeconds": "soon"}},
        {"rateLimits": {"maxConcurrentDispatches": 5001}},
    ],
)
async def test_a_bad_configuration_is_refused(node: "ApiNode", config: dict[str, Any]) -> None:
    status, answer = await make(node, **config)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_tasks_are_enqueued_and_deleted(node: "ApiNode") -> None:
    await make(node)
    name = f"{QUEUE}/tasks/one"
    status, answer = await call(
        node, "POST", f"{QUEUE}/tasks", task(name=name, scheduleTime="2030-01-01T00:00:00.000Z")
    )
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT"), "too far ahead, as in production"
    status, answer = await call(node, "POST", f"{QUEUE}/tasks", task(name=name, dispatchDeadline="60s"))
    assert (status, answer["task"]["name"]) == (200, f"/{name}"), "with a slash: the Python SDK takes off a character"
    assert (await call(node, "POST", f"{QUEUE}/tasks", task(name=name)))[0] == 409
    assert await call(node, "DELETE", name) == (200, {})
    assert (await call(node, "DELETE", name))[0] == 404


async def test_a_missing_queue_is_told(node: "ApiNode") -> None:
    status, answer = await call(node, "POST", f"{QUEUE}/tasks", task())
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://h.example/x", "https://h.example:443/x"),
        ("http://h.example/x?y", "http://h.example:80/x?y"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
    ],
)
async def test_a_task_with_a_url_of_its_own_keeps_it(node: "ApiNode", url: str, stored: str) -> None:
    await make(node)
    body = task()
    body["task"]["httpRequest"]["url"] = url
    _, answer = await call(node, "POST", f"{QUEUE}/tasks", body)
    assert answer["task"]["httpRequest"]["url"] == stored


async def test_statistics(node: "ApiNode") -> None:
    await make(node)
    await call(node, "POST", f"{QUEUE}/tasks", task())
    _, stats = await call(node, "GET", "queueStats")
    assert stats["queue:demo-p-us-central1-resize"] | {"completedLastMin": 0} == {
        "numberOfTasks": 1,
        "runningTasks": 0,
        "completedLastMin": 0,
        "maxRate": 500.0,
        "maxConcurrent": 1000,
    }
