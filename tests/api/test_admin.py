"""The calls under /admin/v1 of a whole node over a real store."""

import asyncio
from typing import Any

import aiohttp
import pytest

from broker.api.node import ApiNode
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.service.broker import Broker
from broker.store.store import Store
from tests.api.conftest import StartNode

LOCATION = "projects/p/locations/l"
QUEUE = f"{LOCATION}/queues/q"
IDLE = {"idle": True, "tasks": 0, "inFlight": 0, "busy": []}
LATER = "2100-01-01T00:00:00Z"


@pytest.fixture
def admin_node(runner: asyncio.Runner, store: Store, metrics: Metrics, start_node: StartNode) -> ApiNode:
    """A node that serves the calls, and lets tasks be scheduled for any time."""
    limits = Limits().with_overrides({"schedule_horizon_s": 1e11})
    return runner.run(start_node(Broker(store, limits, metrics), admin=True))


async def call(node: ApiNode, path: str, body: object = None, verb: str = "POST") -> tuple[int, dict[str, Any]]:
    url = f"{node.http_url}/{path}"
    async with aiohttp.ClientSession() as session, session.request(verb, url, json=body) as response:
        return response.status, await response.json()


async def create(node: ApiNode, queue_id: str = "q", **task: Any) -> None:
    """A paused queue with one task, which is called t."""
    queue = f"{LOCATION}/queues/{queue_id}"
    await call(node, f"v2/{LOCATION}/queues", {"name": queue})
    await call(node, f"v2/{queue}:pause")
    task = {"name": f"{queue}/tasks/t", "httpRequest": {"url": "http://h/"}, **task}
    status, answer = await call(node, f"v2/{queue}/tasks", {"task": task})
    assert status == 200, answer


async def test_reset_deletes_a_projects_queues_and_frees_their_names(admin_node: ApiNode) -> None:
    await create(admin_node)
    await create(admin_node, "deleted")
    await call(admin_node, f"v2/{LOCATION}/queues/deleted", verb="DELETE")
    assert await call(admin_node, "admin/v1/projects/p:reset") == (200, {"queues": 1, "freedQueueNames": 1})
    assert await call(admin_node, f"v2/{LOCATION}/queues", verb="GET") == (200, {})
    await create(admin_node)
    await create(admin_node, "deleted")


@pytest.mark.parametrize(("path", "body"), [(":reset", {"keepQueues": True}), (":reset?keepQueues=true", None)])
async def test_reset_can_keep_the_queues(admin_node: ApiNode, path: str, body: object) -> None:
    await create(admin_node)
    assert await call(admin_node, f"admin/v1/projects/p{path}", body) == (200, {"queues": 1, "freedQueueNames": 0})
    assert (await call(admin_node, f"v2/{QUEUE}", verb="GET"))[1]["state"] == "PAUSED"
    await create(admin_node)


@pytest.mark.parametrize("name", ["projects/p", QUEUE])
async def test_wait_answers_what_is_left_when_the_time_is_up(admin_node: ApiNode, name: str) -> None:
    await create(admin_node)
    left = {"idle": False, "tasks": 1, "inFlight": 0, "busy": [{"name": QUEUE, "tasks": 1, "inFlight": 0}]}
    assert await call(admin_node, f"admin/v1/{name}:wait?timeout=0.05s") == (200, left)


@pytest.mark.parametrize("name", ["projects/p", QUEUE])
async def test_wait_ends_as_soon_as_all_is_done(admin_node: ApiNode, name: str) -> None:
    await create(admin_node)
    waiting = asyncio.create_task(call(admin_node, f"admin/v1/{name}:wait", {"timeout": 600}))
    await asyncio.sleep(0)
    await call(admin_node, f"v2/{QUEUE}/tasks/t", verb="DELETE")
    assert await waiting == (200, IDLE)


async def test_wait_can_ignore_what_is_not_due_yet(admin_node: ApiNode) -> None:
    await create(admin_node, scheduleTime=LATER)
    status, answer = await call(admin_node, f"admin/v1/{QUEUE}:wait?ignoreScheduled=true")
    assert (status, answer) == (200, {"idle": True, "tasks": 1, "inFlight": 0, "busy": []})
    await create(admin_node, "due")
    _, answer = await call(admin_node, "admin/v1/projects/p:wait?ignoreScheduled=true&timeout=0")
    assert (answer["idle"], [load["name"] for load in answer["busy"]]) == (False, [f"{LOCATION}/queues/due"])


async def test_a_project_without_queues_is_idle(admin_node: ApiNode) -> None:
    assert await call(admin_node, "admin/v1/projects/domain.com:p:wait") == (200, IDLE)


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "text"),
    [
        ("POST", f"{QUEUE}:wait", None, 404, "Queue does not exist."),
        ("POST", "projects/p:wait?timeout=601s", None, 400, "timeout must be between 0s and 600s."),
        ("POST", "projects/p:wait?timeout=soon", None, 400, 'timeout must be a number of seconds such as "2.5s".'),
        ("POST", "projects/p:wait", {"time": 1}, 400, '"time" is no option of this call; its options are ignoreSch'),
        ("POST", "projects/p:reset", {"keepQueues": 3}, 400, "keepQueues must be true or false."),
        ("POST", "projects/p:reset", [], 400, "The body must be a JSON object, or empty."),
        ("POST", "projects/p%20q:reset", None, 400, "Project name must be formatted:"),
        ("GET", "projects/p:reset", None, 501, "GET is not allowed on this path; use POST."),
        ("POST", "projects/p", None, 404, "The requested URL /admin/v1/projects/p was not found"),
    ],
)
async def test_errors_are_those_of_the_rest_api(
    admin_node: ApiNode, verb: str, path: str, body: object, status: int, text: str
) -> None:
    answered, answer = await call(admin_node, f"admin/v1/{path}", body, verb)
    assert (answered, answer["error"]["code"]) == (status, status)
    assert answer["error"]["message"].startswith(text), answer


async def test_a_node_serves_them_only_if_it_is_told_to(node: ApiNode) -> None:
    status, answer = await call(node, "admin/v1/projects/p:reset")
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert "--admin (HEADRACE_ADMIN=true)" in answer["error"]["message"]
