"""The original Go SDK, both major versions: a program that makes every call, compiled where Go is present."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from broker.api.node import ApiNode
from broker.model.queue import QueueKind
from broker.model.task import AppEngineRouting, View
from broker.store.store import Store
from tests.api.app_engine.calls import queue
from tests.support.up import environment

_SOURCES = Path(__file__).parent / "programs" / "go"
_IMPORTS = {"v1": "google.golang.org/appengine", "v2": "google.golang.org/appengine/v2"}
_BUILD_S = 300
_NO_LEASE = "API error 25 (taskqueue: TASK_LEASE_EXPIRED): "
_NO_QUEUE = "API error 1 (taskqueue: UNKNOWN_QUEUE): "


@pytest.fixture
def clock() -> None:
    """The SDK goes by the time of day, so the store does too."""


@pytest.fixture(scope="module", params=_IMPORTS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program."""
    version: str = request.param
    if shutil.which("go") is None:
        pytest.skip("no Go on PATH")
    directory = tmp_path_factory.mktemp(f"go-{version}")
    source = (_SOURCES / "main.go").read_text().replace(_IMPORTS["v2"], _IMPORTS[version])
    (directory / "main.go").write_text(source)
    for suffix in ("mod", "sum"):
        shutil.copy(_SOURCES / f"{version}.{suffix}", directory / f"go.{suffix}")

    def go(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["go", *arguments]
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=_BUILD_S, check=False)

    modules = go("mod", "download")
    if modules.returncode:
        pytest.skip(f"no Go modules: {modules.stderr}")
    built = go("build", "-o", "program", ".")
    assert built.returncode == 0, built.stderr
    return directory / "program"


@pytest.mark.timeout(2 * _BUILD_S)
async def test_every_call(program: Path, node: ApiNode, store: Store, make_queue: Any) -> None:
    await make_queue("pull-queue")
    await make_queue("push-queue", kind=QueueKind.PUSH)
    variables = {"API_HOST": node.host, "API_PORT": str(node.http_port), "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(str(program), stdout=-1, stderr=-1, env=environment(**variables))
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    answers = json.loads(output)
    assert answers.pop("stale").startswith(_NO_LEASE)
    assert answers.pop("unknown queue").startswith(_NO_QUEUE)
    assert answers == {
        "render": "t1 render render 1",
        "oldest": ["t0", "t2"],
        "extended": True,
        "deleted again": "[API error 11 (taskqueue: TOMBSTONED_TASK) API error 14 (taskqueue: UNKNOWN_TASK)]",
        "chosen name": True,
        "none": [],
        "batch": "<nil> true true",
        "taken": True,
        "statistics": "3 4 0 true",
        "purged": 0,
        "headers": "q 4294967297",
        "within a deadline": "<nil>",
    }
    push = await store.tasks.get(queue("default").name.task("push"), View.FULL)
    assert push.request.routing == AppEngineRouting("worker")
    assert (push.request.relative_uri, push.request.body) == ("/work", b"a=1")
    assert push.retry_config is not None
    assert (push.retry_config.max_attempts, push.retry_config.max_doublings) == (8, 0)
    assert push.retry_config.max_retry_duration_us == 60_000_000
    plain = await store.tasks.get(queue("push-queue").name.task("plain"), View.FULL)
    assert plain.request.relative_uri == "/_ah/queue/push-queue"
