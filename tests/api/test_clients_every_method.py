"""Every method of every client, of the current release of the official library and of an old one, in own processes.

The old release, which applications still pin, and gcloud-aio-taskqueue have a virtual environment of their own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.api.programs import run_with
from tests.support.up import ROOT

if TYPE_CHECKING:
    from broker.api.node import ApiNode

TASKS = {
    "views": ["BASIC", "FULL", "", "body"],
    "pages": [2, 2, 1],
    "listed": ["t0", "t1", "t2", "t3", "t4"],
    "run": [1, True, True, False],
    "deleted": None,
    "gone": ["NotFound", 404],
    "deleted queue": None,
    "gone queue": ["NotFound", 404],
}
QUEUES = {
    "states": ["PAUSED", "RUNNING", "PAUSED", "PAUSED"],
    "retries": [7, 3],
    "backoff": 1.5,
    "present": [False, True, False],
    "policy": "allUsers",
    "permissions": ["cloudtasks.queues.get"],
    "pages": [["a", "b"], ["c"]],
}
BATCHES = {"operation": True, "batch": [3, True], "key": True}


@pytest.fixture(scope="session")
def other_clients() -> str:
    """The Python that has the clients which want other versions of libraries than the rest."""
    python = Path(os.environ.get("HEADRACE_TEST_CLIENTS_PYTHON", ROOT / ".venv-clients/bin/python"))
    if not python.exists():
        pytest.skip(f"no other clients: there is no {python}; `make .venv-clients/installed` makes it")
    imports = [python, "-W", "ignore", "-c", "import gcloud.aio.taskqueue, google.cloud.tasks_v2"]
    done = subprocess.run(imports, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the other clients do not work in {python}: {done.stderr.strip().rpartition(os.linesep)[2]}")
    return str(python)


def expected(version: str, kind: str, *, old: bool) -> dict[str, Any]:
    """What a client of the version sees over a transport. Over REST the library knows an error by its status alone."""
    rest = kind == "rest"
    exists = ["Conflict" if rest else "AlreadyExists", 409]
    invalid = ["BadRequest" if rest else "InvalidArgument", 400]
    stale = ["BadRequest" if rest else "FailedPrecondition", 400]
    leases = {"times": [True, True], "stale": stale, "acknowledged": None}
    newer: dict[str, Any] = {"locations": [1, True]} | (BATCHES if version != "v2beta2" else {})
    if version == "v2beta2" and not rest:
        newer["uploaded"] = None
    return {
        "queues": QUEUES | {"exists": exists, "invalid": invalid},
        "tasks": TASKS | {"exists": exists},
        "target": None if old else [True, False, False],
        "leases": leases if version == "v2beta2" else None,
        "newer": {} if old else newer,
        "uncalled": [],
    }


async def check_every_method(python: str, node: "ApiNode", *, old: bool) -> None:
    answers = await run_with(python, "every_method.py", node.grpc_address, node.http_url)
    for version in ("v2", "v2beta3", "v2beta2"):
        for kind in ("grpc", "asyncio", "rest"):
            assert answers.pop(f"{version} {kind}") == expected(version, kind, old=old), (version, kind)
    assert not answers


async def test_the_current_release(node: "ApiNode") -> None:
    await check_every_method(sys.executable, node, old=False)


async def test_an_old_release(other_clients: str, node: "ApiNode") -> None:
    await check_every_method(other_clients, node, old=True)


async def test_gcloud_aio_taskqueue(other_clients: str, node: "ApiNode") -> None:
    queue = f"{node.http_url}/v2/projects/p/locations/us-central1/queues/q"
    async with aiohttp.ClientSession() as session, session.patch(queue) as made:
        assert made.status == 200
    host = node.http_url.removeprefix("http://")
    answers = await run_with(other_clients, "push_queue.py", node.http_url, CLOUDTASKS_EMULATOR_HOST=host)
    assert answers == {
        "created": [True, "FULL"],
        "exists": 409,
        "got": True,
        "basic": False,
        "listed": True,
        "run": 1,
        "deleted": [{}, {}],
        "gone": 404,
        "by api_root": 3,
    }
