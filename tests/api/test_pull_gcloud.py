"""`gcloud alpha` on pull queues: create, lease by tag, renew, cancel, acknowledge (Cloud Tasks specification, 9)."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.support.gcloud import gcloud_environment
from tests.support.up import Up

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on PATH")

PROJECT, LOCATION = "my-project", "us-central1"
Gcloud = Callable[..., str]


@pytest.fixture(scope="module")
def gcloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gcloud]:
    """Runs `gcloud alpha tasks ...` and answers what it prints."""
    with Up("--data-dir", tmp_path_factory.mktemp("data")) as up:
        env = gcloud_environment(up.http, tmp_path_factory.mktemp("gcloud"), PROJECT)

        def run(*arguments: str) -> str:
            command = ["gcloud", "alpha", "tasks", *arguments, f"--location={LOCATION}"]
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            return done.stdout

        yield run


def leased(gcloud: Gcloud, *arguments: str) -> dict[str, str]:
    """Ids and schedule times of what a lease by gcloud answers."""
    shown = gcloud("lease", "--queue=pull", "--lease-duration=600", "--format=json", *arguments)
    return {task["name"].rpartition("/")[2]: task["scheduleTime"] for task in json.loads(shown)}


def test_the_life_of_pull_tasks(gcloud: Gcloud) -> None:
    gcloud("queues", "create-pull-queue", "pull")
    gcloud("queues", "update-pull-queue", "pull", "--max-attempts=5")
    described = gcloud("queues", "describe", "pull")
    assert "pullTarget: {}\n" in described
    assert "  maxConcurrentTasks: -1\n" in described
    assert "  maxAttempts: 5\n" in described
    assert "pull pull RUNNING" in " ".join(gcloud("queues", "list").split())
    for task_id, tag in (("a", "parse"), ("b", "render"), ("c", "parse")):
        gcloud("create-pull-task", task_id, "--queue=pull", f"--tag={tag}", f"--payload-content=body of {task_id}")
    listed = [line.split()[:2] for line in gcloud("list", "--queue=pull").splitlines()[1:]]
    assert sorted(listed) == [["a", "pull"], ["b", "pull"], ["c", "pull"]]

    by_tag = leased(gcloud, "--tag=render")
    assert list(by_tag) == ["b"]
    assert list(leased(gcloud, "--oldest-tag", "--limit=1")) == ["a"]
    described = gcloud("describe", "b", "--queue=pull", "--response-view=full")
    assert "  payload: Ym9keSBvZiBi\n  tag: render\n" in described
    assert "status:\n  attemptDispatchCount: 1\n" in described

    proof = f"--schedule-time={by_tag['b']}"
    gcloud("renew-lease", "b", "--queue=pull", proof, "--lease-duration=1000")
    with pytest.raises(RuntimeError, match=r"FAILED_PRECONDITION: The task lease has expired"):
        gcloud("acknowledge", "b", "--queue=pull", proof)
    renewed = json.loads(gcloud("describe", "b", "--queue=pull", "--format=json"))["scheduleTime"]
    gcloud("cancel-lease", "b", "--queue=pull", f"--schedule-time={renewed}")
    again = leased(gcloud, "--tag=render")
    gcloud("acknowledge", "b", "--queue=pull", f"--schedule-time={again['b']}")
    assert "b" not in [line.split()[0] for line in gcloud("list", "--queue=pull").splitlines()[1:]]
