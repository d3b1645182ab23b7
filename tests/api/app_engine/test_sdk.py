"""The original Python SDK, unmodified, in a process of its own."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from broker.api.node import ApiNode
from broker.model.queue import QueueKind
from broker.model.task import AppEngineRouting, HttpMethod, View
from broker.store.store import Store
from tests.api.app_engine.calls import queue

_PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def clock() -> None:
    """The SDK goes by the time of day, so the store does too."""


async def run(python: str, node: ApiNode, scenario: str) -> Any:
    """What a scenario of the program prints."""
    return await printed(python, str(_PROGRAMS / "sdk.py"), node.host, str(node.http_port), scenario)


async def printed(*command: str) -> Any:
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


async def test_a_pull_worker(sdk_python: str, node: ApiNode, make_queue: Any) -> None:
    await make_queue("pull")
    assert await run(sdk_python, node, "leases") == {
        "added": [True] * 4,
        "first": [["t0", "payload 0", "a", 1]],
        "by tag": ["t1", "t3"],
        "oldest": ["t2"],
        "untagged": [["bytes", "\xff\0", None]],
        "extended by a minute": True,
        "stale": "TaskLeaseExpiredError",
        "statistics": [5, 5, None, None],
        "deleted": [True] * 3,
        "again": [False, False, True],
        "left": [[], None, 0],
    }


async def test_errors(sdk_python: str, node: ApiNode, make_queue: Any) -> None:
    await make_queue("pull")
    await make_queue("push", kind=QueueKind.PUSH)
    assert await run(sdk_python, node, "errors") == {
        "taken in a batch": "TaskAlreadyExistsError",
        "enqueued": [True, False, True],
        "gone": "TombstonedTaskError",
        "lease of a push queue": "InvalidQueueModeError",
        "push task": "InvalidQueueModeError",
        "pull task": "InvalidQueueModeError",
        "unknown": "UnknownQueueError",
        "unknown lease": "UnknownQueueError",
        "unknown purge": "UnknownQueueError",
        "far": "none",
        "unknown call": "CallNotFoundError",
        "incomplete": "ArgumentError",
        "unknown statistics": 0,
    }


async def test_push_tasks(sdk_python: str, node: ApiNode, store: Store, make_queue: Any) -> None:
    await make_queue("push", kind=QueueKind.PUSH)
    answer = await run(sdk_python, node, "push")
    assert answer["tasks"] == 2

    async def stored(queue_id: str, task_id: str) -> Any:
        return await store.tasks.get(queue(queue_id).name.task(task_id), View.FULL)

    post = (await stored("default", answer["chosen"])).request
    assert (post.relative_uri, post.method, post.body) == ("/work", HttpMethod.POST, b"a=1")
    assert post.routing == AppEngineRouting("worker")
    headers = {name.lower(): value for name, value in post.headers}
    assert (headers["x-own"], headers["content-type"]) == ("2", "application/x-www-form-urlencoded")
    get = (await stored("default", "get")).request
    assert (get.relative_uri, get.method) == ("/get?a=1", HttpMethod.GET)
    assert get.routing == AppEngineRouting("other", "v1")
    plain = await stored("push", "plain")
    assert plain.request.relative_uri == "/_ah/queue/push"
    config = plain.retry_config
    assert (config.max_attempts, config.max_retry_duration_us) == (4, 3_600_000_000)
    assert (config.min_backoff_us, config.max_backoff_us, config.max_doublings) == (2_000_000, 3_600_000_000, 1)


async def test_calls_at_the_same_time(sdk_python: str, node: ApiNode, make_queue: Any) -> None:
    await make_queue("pull")
    assert await run(sdk_python, node, "asynchronous") == [f"t{number:02}" for number in range(20)]


async def test_cloud_tasks_mode(sdk_python: str, node: ApiNode, make_queue: Any) -> None:
    """Push tasks of version 3.1 and later can leave by Cloud Tasks (section 7)."""
    await make_queue("push", kind=QueueKind.PUSH)
    program = str(_PROGRAMS / "cloud_tasks_mode.py")
    assert await printed(sdk_python, program, node.grpc_address) == {
        "one": True,
        "batch": ["TaskAlreadyExistsError", [True, False, True]],
        "again": "TaskAlreadyExistsError",
        "unknown": "UnknownQueueError",
        "statistics": 3,
        "deleted": [True, False],
        "tombstoned": "TaskAlreadyExistsError",
        "purged": 0,
    }
