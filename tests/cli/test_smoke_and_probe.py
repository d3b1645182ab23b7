"""`headrace smoke` and `headrace probe` against a node, and against none."""

import subprocess
import sys
from contextlib import closing

import pytest

from tests.support.nodes import start_api, start_dispatcher
from tests.support.servers import Server, available_binaries, free_port
from tests.support.up import Up, environment, run_headrace


@pytest.fixture(scope="module")
def up():
    with Up() as up:
        yield up


def test_a_task_arrives(up):
    answer = run_headrace("smoke", "--api-url", up.http)
    assert answer.returncode == 0, answer.stderr
    assert "projects/local/locations/us-central1/queues/smoke/tasks/" in answer.stdout
    assert " arrived after " in answer.stdout


def test_the_queue_can_be_another_one_that_exists(up):
    answer = run_headrace("smoke", "--api-url", f"{up.http}/", "--queue", "default", "--project", "local")
    assert answer.returncode == 0, answer.stderr
    assert "/queues/default/tasks/" in answer.stdout


def test_without_a_dispatcher_it_says_how_far_the_task_came(redis_url, redis_client):
    with start_api(redis_url) as api:
        answer = run_headrace("smoke", "--api-url", api.http, "--timeout-seconds", 1)
    assert answer.returncode == 1
    assert "was created, and nothing more within 1 s" in answer.stderr


def test_an_attempt_is_enough_where_it_cannot_arrive(redis_url, redis_client):
    with start_api(redis_url) as api, start_dispatcher(redis_url, "--egress", "public"):
        answer = run_headrace("smoke", "--api-url", api.http, "--attempt-only")
        assert answer.returncode == 0, answer.stderr
        assert "a dispatcher made an attempt of " in answer.stdout
        name = answer.stdout.split()[-1]
        assert run_headrace("smoke", "--api-url", api.http, "--timeout-seconds", 1).returncode == 1
    assert not redis_client.keys(f"*{name.rpartition('/')[2]}*")


def test_without_an_api_it_says_so():
    answer = run_headrace("smoke", "--api-url", f"http://127.0.0.1:{free_port()}")
    assert answer.returncode == 1
    assert answer.stderr.startswith("headrace: cannot reach http://127.0.0.1:")


def test_an_error_of_the_api_is_shown(up):
    answer = run_headrace("smoke", "--api-url", up.http, "--queue", "not_a_queue_id")
    assert answer.returncode == 1
    assert "INVALID_ARGUMENT" in answer.stderr


def light(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The probe without the rest of the command."""
    command = [sys.executable, "-m", "broker.cli.probe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(), check=False)


@pytest.fixture
def redis_server():
    """A server that the test may freeze."""
    with closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


@pytest.mark.parametrize("ask", [lambda url: run_headrace("probe", url), light], ids=["headrace probe", "module"])
class TestProbe:
    def test_a_node_that_is_well(self, up, ask):
        answer = ask(f"{up.http}/readyz")
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "ok\n", "")

    def test_what_is_wrong_is_said_in_one_line(self, up, ask):
        nobody = f"http://127.0.0.1:{free_port()}/"
        for url, problem in {
            f"{up.http}/nothing": f"{up.http}/nothing answered 404",
            nobody: f"{nobody} does not answer: [Errno 111] Connection refused",
            "readyz": "'readyz' is no http:// or https:// URL",
        }.items():
            answer = ask(url)
            assert (answer.returncode, answer.stderr) == (1, f"headrace: {problem}\n")

    def test_the_reason_of_a_node_is_handed_on(self, redis_server, ask):
        with start_api(redis_server.url) as api:
            redis_server.freeze()
            answer = ask(f"{api.http}/readyz")
            redis_server.thaw()
        assert answer.returncode == 1
        assert answer.stderr.startswith("headrace: ")
