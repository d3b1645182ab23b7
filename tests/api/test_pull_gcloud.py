"""`gcloud alpha` on pull queues: create, lease by tag, renew, cancel, acknowledge (Cloud Tasks specification, 9)."""

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.support.fronts import FRONTS
from tests.support.gcloud import gcloud_and_node

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on PATH")

PROJECT, LOCATION = "my-project", "us-central1"
Run = Callable[..., str]


@pytest.fixture(scope="module", params=FRONTS)
def gcloud(request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `gcloud alpha tasks ...` and answers what it prints."""
    with gcloud_and_node(request.param, redis_url, tmp_path_factory.mktemp("gcloud"), PROJECT) as gcloud:
        yield lambda *arguments: gcloud.run("alpha", "tasks", *arguments, f"--location={LOCATION}")


def leased(gcloud: Run, *arguments: str) -> dict[str, str]:
    """Ids and schedule times of what a lease by gcloud answers."""
    shown = gcloud("lease", "--queue=pull", "--lease-duration=600", "--format=json", *arguments)
    return {task["name"].rpartition("/")[2]: task["scheduleTime"] for task in json.loads(shown)}


def test_the_life_of_pull_tasks(gcloud: Run) -> None:
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
