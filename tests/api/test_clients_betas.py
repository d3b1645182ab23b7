"""The official clients of the betas, each in a process of its own, over both transports."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.programs import LOCATION, TRANSPORTS, run
from tests.support.rest import microseconds

if TYPE_CHECKING:
    from broker.api.node import ApiNode

VERSIONS = pytest.mark.parametrize("version", ["v2beta3", "v2beta2"])
QUEUE = f"{LOCATION}/queues/beta"
PROJECT = LOCATION.partition("/locations")[0]


def location(name: str) -> dict[str, Any]:
    return {
        "name": f"{PROJECT}/locations/{name}",
        "locationId": name,
        "displayName": name,
        "labels": {"cloud.googleapis.com/region": name},
    }


def queue_in(version: str, rate: float, burst: int, routing: dict[str, str] | None) -> dict[str, Any]:
    """The queue of the program as a version shows it."""
    backoff = {"min_backoff": "0.100s", "max_backoff": "3600s", "max_doublings": 16}
    lifetimes = {"name": QUEUE, "state": "RUNNING", "task_ttl": "864000s", "tombstone_ttl": "7200s"}
    override = {"app_engine_routing_override": routing} if routing else {}
    if version == "v2beta3":
        rates = {"max_dispatches_per_second": rate, "max_burst_size": burst, "max_concurrent_dispatches": 3}
        target = {"app_engine_http_queue": override} if routing else {}
        return (
            lifetimes | target | {"type_": "PUSH", "rate_limits": rates, "retry_config": {"max_attempts": -1} | backoff}
        )
    rates = {"max_tasks_dispatched_per_second": rate, "max_burst_size": burst, "max_concurrent_tasks": 3}
    retry = {"unlimited_attempts": True} | backoff
    return lifetimes | {"app_engine_http_target": override, "rate_limits": rates, "retry_config": retry}


@TRANSPORTS
@VERSIONS
async def test_a_beta(node: "ApiNode", transport: str, version: str) -> None:
    answers = await run("betas.py", transport, node, version)
    routing = {"service": "s", "version": "v", "host": "v.s.p.example.com.appspot.com"}
    assert answers.pop("created") == queue_in(version, 0.25, 7, routing)
    assert answers.pop("masked") == queue_in(version, 100.0, 20, None)
    assert answers.pop("empty") == {"stats": {"effective_execution_rate": 100.0}}
    texts = {
        "kept": "Queue.taskTtl can only be set when the queue is created.",
        "pull": "Queue.type can only be set when the queue is created.",
        "v2 name": 'update_mask has the path "app_engine_routing_override", which is not a field of a queue.',
    }
    if version == "v2beta2":
        texts["lease"] = "The queue dispatches its tasks itself: only those of a pull queue can be leased."
    if (version, transport) == ("v2beta2", "grpc"):
        assert answers.pop("uploaded") == ["beta", "uploaded"]
    assert {name: answers.pop(name)[1] for name in texts} == texts

    task, run_task = answers.pop("task"), answers.pop("run")
    request = task["app_engine_http_request"]
    assert request["relative_uri" if version == "v2beta3" else "relative_url"] == "/u"
    status = run_task if version == "v2beta3" else run_task["status"]
    counts = {
        "v2beta3": ("dispatch_count", "last_attempt"),
        "v2beta2": ("attempt_dispatch_count", "last_attempt_status"),
    }
    count, last = counts[version]
    assert (status[count], set(status[last])) == (1, {"schedule_time", "dispatch_time"})

    stats = answers.pop("stats")
    assert microseconds(stats["stats"].pop("oldest_estimated_arrival_time")) <= microseconds(task["schedule_time"])
    assert stats == {"name": QUEUE, "stats": {"tasks_count": "2", "effective_execution_rate": 100.0}}
    assert answers == {
        "body": "1",
        "listed": 2,
        "deleted": None,
        "locations": {"locations": [location("us-central1")]},
        "location": location("moon-1"),
    }
