"""One queue, all protocols: what one of them adds, another sees and leases (case 41)."""

import base64
from typing import Any

import aiohttp
import pytest

from broker.api.node import ApiNode
from tests.api.app_engine.calls import Calls, pull
from tests.support.seeds import SECOND, Clock

_LEGACY = "taskqueue/v1beta2/projects/s~local/taskqueues/q"
_BETA = "v2beta2/projects/local/locations/us-central1/queues/q"


async def rest(node: ApiNode, verb: str, path: str, body: Any = None) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, f"{node.http_url}/{path}", json=body) as answer,
    ):
        assert answer.ok, await answer.text()
        return await answer.json()


def text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).decode()


async def test_added_here_seen_there(call: Calls, node: ApiNode, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    await call.add(pull("a", 1, body=b"work", tag=b"x"), pull("b", 2))
    listed = await rest(node, "GET", f"{_LEGACY}/tasks")
    assert [(task["id"], task["leaseTimestamp"]) for task in listed["items"]] == [("a", "1"), ("b", "2")]
    (leased,) = (await rest(node, "POST", f"{_LEGACY}/tasks/lease?leaseSecs=10&numTasks=1"))["items"]
    assert (leased["id"], leased["payloadBase64"], leased["tag"]) == ("a", text(b"work"), "x")
    tasks = (await rest(node, "GET", f"{_BETA}/tasks?responseView=FULL"))["tasks"]
    assert sorted(task["name"].rpartition("/")[2] for task in tasks) == ["a", "b"]
    updated = await call(
        "ModifyTaskLease", queue_name=b"q", task_name=b"a", eta_usec=int(leased["leaseTimestamp"]), lease_seconds=20
    )
    assert updated.updated_eta_usec == clock.now_us + 20 * SECOND
    answer = await rest(node, "POST", f"{_BETA}/tasks:lease", {"leaseDuration": "10s", "maxTasks": 10})
    assert [task["name"].rpartition("/")[2] for task in answer["tasks"]] == ["b"]
    assert await call.stats(b"q") == [(2, clock.now_us + 10 * SECOND, True)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            f"{_LEGACY}/tasks",
            {"id": "t", "queueName": "q", "payloadBase64": text(b"work"), "tag": "x", "leaseTimestamp": "5"},
        ),
        (
            f"{_BETA}/tasks",
            {
                "task": {
                    "name": "projects/local/locations/us-central1/queues/q/tasks/t",
                    "pullMessage": {"payload": text(b"work"), "tag": "x"},
                }
            },
        ),
    ],
    ids=["v1beta2", "v2beta2"],
)
async def test_added_there_leased_here(
    call: Calls, node: ApiNode, clock: Clock, make_queue: Any, path: str, body: Any
) -> None:
    await make_queue()
    await rest(node, "POST", path, body)
    clock.now_us += 1
    (task,) = await call.lease(group_by_tag=True)
    assert (task.task_name, task.body, task.tag, task.retry_count) == (b"t", b"work", b"x", 1)
    assert list((await call("Delete", queue_name=b"q", task_name=[b"t"])).result) == [0]
    left = await rest(node, "GET", f"{_LEGACY}/tasks")
    assert left == {"kind": "taskqueues#tasks"}
