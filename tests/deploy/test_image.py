"""The image, and the compose file brought up with it. They need a Docker engine, which `.ci/engine` starts."""

import json
import os
import re
import time
import uuid
from collections.abc import Iterator

import pytest
import requests
import yaml

from tests.deploy.tools import DEPLOY, find, needs_engine, run
from tests.support.servers import free_port
from tests.support.up import ROOT
from tests.support.waiting import eventually

pytestmark = [needs_engine(), pytest.mark.timeout(900)]

IMAGE = "headrace:test"
PYTHON = "/opt/headrace/bin/python"
COMPOSE_FILE = DEPLOY / "compose.yaml"
SERVICES = [name for name in yaml.safe_load(COMPOSE_FILE.read_text())["services"] if name != "grafana"]
"""Grafana is no part of what is tested here: its dashboard is, in `test_watching.py`."""


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built from the sources as they are."""
    built = run("docker", "build", "--quiet", "--file", DEPLOY / "Dockerfile", "--tag", IMAGE, ROOT)
    assert built.returncode == 0, built.stderr
    return IMAGE


def in_image(image: str, *arguments: str, entrypoint: str = "", options: tuple[str, ...] = ()) -> str:
    """What a command prints in a container that has nothing but the image and /tmp."""
    start = ["--entrypoint", entrypoint] if entrypoint else []
    answer = run("docker", "run", "--rm", "--read-only", "--tmpfs", "/tmp", *options, *start, image, *arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_every_role_is_an_argument(image: str):
    roles = ("api", "dispatcher", "up", "queues", "probe", "smoke", "plan")
    assert "Usage: headrace api" in in_image(image, "api", "--help")
    each = "import subprocess, sys; [subprocess.run(['headrace', role, '--help'], check=True) for role in sys.argv[1:]]"
    assert in_image(image, "-c", each, *roles, entrypoint=PYTHON).count("Usage: headrace") == len(roles)
    assert re.fullmatch(r"headrace \d+\.\d+\.\d+\n", in_image(image, "--version"))


def test_metadata(image: str):
    (found,) = json.loads(run("docker", "image", "inspect", image).stdout)
    config = found["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/opt/headrace/bin/headrace"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_it_holds_the_program_and_no_tools_to_change_it(image: str):
    listing = "import os, sys; [print(*os.listdir(directory)) for directory in sys.argv[1:]]"
    listed = in_image(image, "-c", listing, "/opt/headrace/bin", "/", entrypoint=PYTHON).splitlines()
    programs, top = (set(line.split()) for line in listed)
    assert "headrace" in programs
    assert not {"pip", "pip3"} & programs
    assert not {"source", "tests", "deploy"} & top


def test_nothing_in_it_belongs_to_its_user(image: str):
    program = "import os; print(sum(os.access(base, os.W_OK) for base, _, _ in os.walk('/opt')))"
    assert in_image(image, "-c", program, entrypoint=PYTHON).strip() == "0"


def test_up_runs_in_it(image: str):
    name = f"headrace-{uuid.uuid4().hex[:8]}"
    options = ["--detach", "--rm", "--name", name, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    assert run("docker", "run", *options, image, "up", "--data-dir", "/tmp/data").returncode == 0
    try:
        probe = ["docker", "exec", name, "/opt/headrace/bin/headrace", "probe", "http://127.0.0.1:8124/readyz"]
        eventually(lambda: run(*probe).returncode == 0, 60)
        smoke = run("docker", "exec", name, "/opt/headrace/bin/headrace", "smoke")
        assert "arrived after" in smoke.stdout, smoke.stderr
    finally:
        run("docker", "rm", "--force", name)


class Composition:
    """The compose file brought up under a name and on ports of its own."""

    def __init__(self, image: str) -> None:
        self._project = f"headrace{uuid.uuid4().hex[:8]}"
        ports = {name: str(free_port()) for name in ("HTTP_PORT", "GRPC_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")}
        self._environment = os.environ | ports | {"HEADRACE_IMAGE": image}
        self.http = f"http://127.0.0.1:{ports['HTTP_PORT']}"
        self.prometheus = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"

    def command(self, *arguments: str) -> str:
        """Run a command of compose; what it prints."""
        plugin = run("docker", "compose", "version").returncode == 0
        program = ["docker", "compose"] if plugin else [find("docker-compose")]
        files = ["--file", COMPOSE_FILE, "--project-name", self._project]
        answer = run(*program, *files, *arguments, env=self._environment)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout


@pytest.fixture(scope="module")
def composition(image: str) -> Iterator[Composition]:
    if run("docker", "compose", "version").returncode and not find("docker-compose"):
        pytest.skip("neither `docker compose` nor docker-compose is there")
    composition = Composition(image)
    try:
        composition.command("up", "--detach", "--no-build", *SERVICES)
        eventually(lambda: is_ready(composition.http), 60)
        yield composition
    finally:
        composition.command("down", "--volumes", "--timeout", "1")


def is_ready(url: str) -> bool:
    """Whether a node answers there."""
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def create(composition: Composition, path: str) -> str:
    """A task for the demo target; its name."""
    queue = "projects/local/locations/us-central1/queues/default"
    task = {"task": {"httpRequest": {"url": f"http://demo:9000/{path}"}}}
    answer = requests.post(f"{composition.http}/v2/{queue}/tasks", json=task, timeout=10)
    assert answer.ok, answer.text
    return answer.json()["name"]


def test_a_task_reaches_the_demo_target(composition: Composition):
    task_id = create(composition, "hello").rpartition("/")[2]
    eventually(lambda: f"POST /hello task={task_id} retry=0 bytes=0 -> 200" in composition.command("logs", "demo"))


def test_a_failing_task_is_retried(composition: Composition):
    task_id = create(composition, "sorry?status=503").rpartition("/")[2]
    eventually(lambda: f"task={task_id} retry=2" in composition.command("logs", "demo"), 30)


def test_prometheus_scrapes_every_node_and_knows_the_rules(composition: Composition):
    def up() -> set[str]:
        answer = requests.get(f"{composition.prometheus}/api/v1/query", {"query": "up == 1"}, timeout=10).json()
        return {sample["metric"]["instance"] for sample in answer["data"]["result"]}

    nodes = {"api-1:8124", "api-2:8124", "dispatcher-1:8125", "dispatcher-2:8125"}
    eventually(lambda: up() == nodes, 60)
    groups = requests.get(f"{composition.prometheus}/api/v1/rules", timeout=10).json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}


def test_nodes_restart_one_by_one_while_tasks_are_created(composition: Composition):
    for service in ("dispatcher-1", "api-1", "dispatcher-2", "api-2"):
        composition.command("restart", service)
        deadline = time.monotonic() + 60
        while True:
            try:
                task_id = create(composition, service).rpartition("/")[2]
                break
            except requests.ConnectionError:  # the balancer has not noticed yet
                assert time.monotonic() < deadline
        eventually(lambda wanted=f"task={task_id} ": wanted in composition.command("logs", "demo"), 60)


def test_redis_keeps_tasks_through_a_restart(composition: Composition):
    name = create(composition, "later?status=503")
    composition.command("restart", "redis")
    eventually(lambda: is_ready(composition.http), 60)
    assert requests.get(f"{composition.http}/v2/{name}", timeout=10).ok


def test_the_store_is_tested_in_a_container():
    """The suite's own choice of a container as its Redis, with the image of the compose file."""
    (redis,) = re.findall(r"\$\{REDIS_IMAGE:-([^}]+)\}", COMPOSE_FILE.read_text())
    variables = {"HEADRACE_TEST_REDIS_IMAGE": redis, "TESTCONTAINERS_CONNECTION_MODE": "docker_host"}
    command = [ROOT / ".venv" / "bin" / "python", "-m", "pytest", "-p", "no:cacheprovider"]
    answer = run(*command, "tests/store/test_queue_scripts.py", cwd=ROOT, env=os.environ | variables)
    assert answer.returncode == 0, answer.stdout
    assert f"redis: a container of {redis}" in answer.stdout
