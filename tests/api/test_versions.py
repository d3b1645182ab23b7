"""One queue, one task, three versions: what is made in one is seen in the others (2.1)."""

from typing import Any

import aiohttp
import pytest

from broker.api.node import ApiNode

PROJECT = "projects/p"
LOCATION = f"{PROJECT}/locations/us-central1"
QUEUE = f"{LOCATION}/queues/q"
VERSIONS = ("v2", "v2beta3", "v2beta2")
ROUTED = {"appEngineRoutingOverride": {"service": "s", "host": "s.p.appspot.com"}}


async def call(node: ApiNode, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    url = f"{node.http_url}/{path}"
    async with aiohttp.ClientSession() as session, session.request(verb, url, json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return dict(answer)


async def seen(node: ApiNode, path: str) -> list[dict[str, Any]]:
    """The resource as each version shows it."""
    return [await call(node, "GET", f"{version}/{path}") for version in VERSIONS]


CREATED = {
    "v2": {"appEngineRoutingOverride": {"service": "s"}, "retryConfig": {"maxAttempts": -1}},
    "v2beta3": {
        "type": "PUSH",
        "appEngineHttpQueue": {"appEngineRoutingOverride": {"service": "s"}},
        "retryConfig": {"maxAttempts": -1},
    },
    "v2beta2": {
        "appEngineHttpTarget": {"appEngineRoutingOverride": {"service": "s"}},
        "retryConfig": {"unlimitedAttempts": True},
    },
}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_queue_made_in_one_is_seen_in_all(node: ApiNode, version: str) -> None:
    await call(node, "POST", f"{version}/{LOCATION}/queues", {"name": QUEUE} | CREATED[version])
    lifetimes = {"taskTtl": "2678400s", "tombstoneTtl": "3600s"}
    common = {"name": QUEUE, "state": "RUNNING"}
    rates = {"maxDispatchesPerSecond": 500, "maxBurstSize": 100, "maxConcurrentDispatches": 1000}
    backoff = {"maxDoublings": 16, "minBackoff": "0.100s", "maxBackoff": "3600s"}
    retry = {"maxAttempts": -1} | backoff
    assert await seen(node, QUEUE) == [
        common | ROUTED | {"rateLimits": rates, "retryConfig": retry},
        common | lifetimes | {"type": "PUSH", "appEngineHttpQueue": ROUTED, "rateLimits": rates, "retryConfig": retry},
        common
        | lifetimes
        | {
            "appEngineHttpTarget": ROUTED,
            "rateLimits": {
                "maxTasksDispatchedPerSecond": 500,
                "maxBurstSize": 100,
                "maxConcurrentTasks": 1000,
            },
            "retryConfig": {"unlimitedAttempts": True} | backoff,
        },
    ]


async def test_each_version_changes_the_same_queue(node: ApiNode) -> None:
    rate = "rateLimits.maxTasksDispatchedPerSecond"
    await call(node, "PATCH", f"v2beta2/{QUEUE}?updateMask={rate}", {"rateLimits": {"maxTasksDispatchedPerSecond": 5}})
    burst = {"rateLimits": {"maxBurstSize": 3}}
    await call(node, "PATCH", f"v2beta3/{QUEUE}?updateMask=rateLimits.maxBurstSize", burst)
    target = {"httpTarget": {"uriOverride": {"host": "h"}}, "rateLimits": {"maxBurstSize": 400}}
    await call(node, "PATCH", f"v2/{QUEUE}?updateMask=httpTarget.uriOverride,rateLimits.maxBurstSize", target)
    v2, v2beta3, v2beta2 = await seen(node, QUEUE)
    assert v2["rateLimits"] == {"maxDispatchesPerSecond": 5, "maxBurstSize": 3, "maxConcurrentDispatches": 1000}
    assert v2beta3["rateLimits"] == v2["rateLimits"]
    assert v2beta2["rateLimits"]["maxTasksDispatchedPerSecond"] == 5
    assert v2["httpTarget"] == v2beta3["httpTarget"] == v2beta2["httpTarget"]
    assert "appEngineHttpTarget" not in v2beta2
    for version in VERSIONS:
        await call(node, "POST", f"{version}/{QUEUE}:pause")
        assert {queue["state"] for queue in await seen(node, QUEUE)} == {"PAUSED"}
        await call(node, "POST", f"{version}/{QUEUE}:resume")


async def test_a_task_is_seen_in_all(node: ApiNode) -> None:
    await call(node, "POST", f"v2/{LOCATION}/queues", {"name": QUEUE})
    await call(node, "POST", f"v2/{QUEUE}:pause")
    request = {"relativeUrl": "/u", "payload": "AA=="}
    task = {"name": f"{QUEUE}/tasks/t", "appEngineHttpRequest": request}
    await call(node, "POST", f"v2beta2/{QUEUE}/tasks", {"task": task})
    v2, v2beta3, v2beta2 = await seen(node, f"{QUEUE}/tasks/t?responseView=FULL")
    assert v2 == v2beta3
    assert (v2["appEngineHttpRequest"]["relativeUri"], v2["appEngineHttpRequest"]["body"]) == ("/u", "AA==")
    assert v2beta2["appEngineHttpRequest"].items() >= request.items()
    for version in VERSIONS:
        (listed,) = (await call(node, "GET", f"{version}/{QUEUE}/tasks?pageSize=1"))["tasks"]
        assert listed["name"] == task["name"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_locations(node: ApiNode, version: str) -> None:
    shown = {
        "name": LOCATION,
        "locationId": "us-central1",
        "displayName": "us-central1",
        "labels": {"cloud.googleapis.com/region": "us-central1"},
    }
    assert await call(node, "GET", f"{version}/{PROJECT}/locations") == {"locations": [shown]}
    assert await call(node, "GET", f"{version}/{LOCATION}") == shown


@pytest.mark.parametrize("version", VERSIONS[1:])
async def test_statistics_are_shown_if_asked_for(node: ApiNode, version: str) -> None:
    await call(node, "POST", f"{version}/{LOCATION}/queues", {"name": QUEUE})
    assert "stats" not in await call(node, "GET", f"{version}/{QUEUE}")
    everything = await call(node, "GET", f"{version}/{QUEUE}?readMask=*")
    assert (everything["name"], everything["stats"]) == (QUEUE, {"effectiveExecutionRate": 500})
    listing = await call(node, "GET", f"{version}/{LOCATION}/queues?readMask=name,stats.effectiveExecutionRate")
    assert listing == {"queues": [{"name": QUEUE, "stats": {"effectiveExecutionRate": 500}}]}
