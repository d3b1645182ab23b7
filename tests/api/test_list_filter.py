"""ListQueues with a filter, over REST, in each version: the fields that it has, and pages (3.4, 3.5)."""

from typing import Any

import aiohttp
import pytest
from google.cloud.tasks_v2beta2 import types as types_v2beta2

from broker.api.filter_fields import MessageFields
from broker.api.node import ApiNode
from broker.service import queues
from broker.service.filter.schema import Kind

LOCATION = "projects/p/locations/us-central1"
TARGET = {
    "uriOverride": {"host": "example.com", "port": "8080", "scheme": "HTTP", "pathOverride": {"path": "/p"}},
    "headerOverrides": [{"header": {"key": "A", "value": "1"}}, {"header": {"key": "B", "value": "2"}}],
    "httpMethod": "PUT",
}
QUEUES: dict[str, dict[str, Any]] = {
    "app": {"appEngineRoutingOverride": {"service": "worker"}},
    "logged": {"stackdriverLoggingConfig": {"samplingRatio": 0.5}, "retryConfig": {"maxAttempts": -1}},
    "paused": {"rateLimits": {"maxDispatchesPerSecond": 0.25}, "retryConfig": {"maxRetryDuration": "10s"}},
    "routed": {"httpTarget": TARGET},
}


async def call(node: ApiNode, verb: str, path: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    url = f"{node.http_url}/{path}"
    async with aiohttp.ClientSession() as session, session.request(verb, url, **arguments) as response:
        return response.status, await response.json()


async def listed(node: ApiNode, text: str, version: str = "v2", **parameters: Any) -> Any:
    """The ids of the queues on one page, or the text of the error."""
    query = {"filter": text, **parameters}
    status, answer = await call(node, "GET", f"{version}/{LOCATION}/queues", params=query)
    if status != 200:
        return f"{answer['error']['status']}: {answer['error']['message']}"
    return [queue["name"].rpartition("/")[2] for queue in answer.get("queues", [])]


async def create_queues(node: ApiNode) -> None:
    for queue_id, fields in QUEUES.items():
        name = f"{LOCATION}/queues/{queue_id}"
        await call(node, "POST", f"v2/{LOCATION}/queues", json={"name": name, **fields})
    await call(node, "POST", f"v2/{LOCATION}/queues/paused:pause", json={})
    await call(node, "POST", f"v2/{LOCATION}/queues/logged:purge", json={})


FOUND = {
    ("v2", "state: PAUSED"): "paused",
    ("v2", "state = RUNNING AND name:ROUTE"): "routed",
    ("v2", f"name = {LOCATION}/queues/*ed AND NOT state: PAUSED"): "logged routed",
    ("v2", "rateLimits.maxDispatchesPerSecond < 1"): "paused",
    ("v2", "rate_limits.max_burst_size = 100"): "app logged routed",
    ("v2", "retryConfig.maxAttempts = -1"): "logged",
    ("v2", "retryConfig.maxRetryDuration >= 10s"): "paused",
    ("v2", "retry_config.min_backoff = 0.1s"): "app logged paused routed",
    ("v2", "purgeTime > 2020-01-01T00:00:00Z"): "logged",
    ("v2", "stackdriverLoggingConfig:*"): "logged",
    ("v2", "stackdriver_logging_config.sampling_ratio > 0.4"): "logged",
    ("v2", "appEngineRoutingOverride.host:appspot.com"): "app",
    ("v2", "http_target:*"): "routed",
    ("v2", "httpTarget.uriOverride.port = 8080"): "routed",
    ("v2", "httpTarget.uriOverride.pathOverride.path = '/p'"): "routed",
    ("v2", "httpTarget.headerOverrides.header.key = (A AND B)"): "routed",
    ("v2", "httpTarget.httpMethod = PUT OR httpTarget.uriOverride.scheme = HTTPS"): "routed",
    ("v2beta3", "type = PUSH -http_target:*"): "app logged paused",
    ("v2beta3", "appEngineHttpQueue.appEngineRoutingOverride.service = worker"): "app",
    ("v2beta3", "taskTtl = 2678400s AND tombstone_ttl < 7200s"): "app logged paused routed",
    ("v2beta2", "app_engine_http_target: *"): "app logged paused",
    ("v2beta2", "retry_config.unlimited_attempts = true"): "logged",
    ("v2beta2", "rate_limits.max_tasks_dispatched_per_second < 1"): "paused",
    ("v2beta2", "pull_target: *"): "",
}
REFUSED = {
    ("v2", "state: FROZEN"): 'state is one of DISABLED, PAUSED, RUNNING, STATE_UNSPECIFIED, not "FROZEN"',
    ("v2", "state"): "expected one of",
    ("v2", "type = PUSH"): '"type" is not a field that can be filtered by',
    ("v2beta3", "stats.tasks_count > 1"): '"stats.tasks_count" is not a field that can be filtered by',
    ("v2beta3", "taskTtl < 2h"): "seconds, as in 10s",
}


async def test_filters(node: ApiNode) -> None:
    await create_queues(node)
    found = {(version, text): " ".join(await listed(node, text, version)) for version, text in FOUND}
    assert found == FOUND
    for (version, text), reason in REFUSED.items():
        refusal = await listed(node, text, version)
        assert refusal.startswith("INVALID_ARGUMENT: filter is invalid: ")
        assert reason in refusal


async def pages(node: ApiNode, text: str, page_size: int) -> list[list[str]]:
    """The ids on each page."""
    found, token = [], ""
    while True:
        query = {"filter": text, "pageSize": page_size, "pageToken": token}
        _, answer = await call(node, "GET", f"v2/{LOCATION}/queues", params=query)
        found.append([queue["name"].rpartition("/")[2] for queue in answer.get("queues", [])])
        token = answer.get("nextPageToken", "")
        if not token:
            return found


async def test_pages_hold_what_matches(node: ApiNode) -> None:
    await create_queues(node)
    assert await pages(node, "name:ed", 2) == [["logged", "paused"], ["routed"]]
    assert await pages(node, "name:ed", 3) == [["logged", "paused", "routed"]]
    assert await pages(node, "name:nothing", 1) == [[]]


@pytest.fixture
def few_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call with a filter reads two queues at a time, and twice."""
    monkeypatch.setattr(queues, "_READ_SIZE", 2)
    monkeypatch.setattr(queues, "_MOST_READS", 2)


async def test_a_call_reads_a_bounded_number_of_queues(node_in_process: ApiNode, few_reads: None) -> None:
    for number in range(10):
        name = f"{LOCATION}/queues/q-{number}"
        await call(node_in_process, "POST", f"v2/{LOCATION}/queues", json={"name": name})
    assert await pages(node_in_process, "name:q-9", 5) == [[], [], ["q-9"]]
    assert await pages(node_in_process, "name:(q-3 OR q-4 OR q-5 OR q-9)", 2) == [["q-3"], ["q-4", "q-5"], ["q-9"]]
    assert await pages(node_in_process, "name:q", 3) == [
        ["q-0", "q-1", "q-2"],
        ["q-3", "q-4", "q-5"],
        ["q-6", "q-7", "q-8"],
        ["q-9"],
    ]


async def test_a_token_belongs_to_its_filter(node: ApiNode) -> None:
    await create_queues(node)
    _, answer = await call(node, "GET", f"v2/{LOCATION}/queues", params={"filter": "name:ed", "pageSize": 1})
    token = answer["nextPageToken"]
    assert await listed(node, "name:ed", pageToken=token) == ["paused", "routed"]
    assert (await listed(node, "name:d", pageToken=token)).startswith("INVALID_ARGUMENT: filter must be the same")


def test_every_field_of_a_queue_has_a_kind() -> None:
    schema = MessageFields(types_v2beta2.Queue.pb())
    kinds = {field.name: schema.field((field.name,)) for field in types_v2beta2.Queue.pb().DESCRIPTOR.fields}
    assert {name for name, field in kinds.items() if field is None} == set()
    assert kinds["purge_time"]
    assert kinds["purge_time"].kind is Kind.TIMESTAMP
    assert schema.field(("name", "length")) is None
