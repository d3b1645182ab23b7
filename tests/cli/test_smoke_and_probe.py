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


def test_the_queue_can_be_another_one_that_exists(up, headrace):
    status, output, errors = headrace("smoke", "--api-url", f"{up.http}/", "--queue", "default", "--project", "local")
    assert status == 0, errors
    assert "/queues/default/tasks/" in output


def test_how_far_a_task_comes(redis_url, redis_client, headrace):
    """Without a dispatcher, and with one that may not send to loopback: there an attempt is enough, if asked for."""
    with start_api(redis_url) as api:
        command = ("smoke", "--api-url", api.http)
        status, _, errors = headrace(*command, "--timeout-seconds", 1)
        assert status == 1
        assert "was created, and nothing more within 1 s" in errors
        with start_dispatcher(redis_url, "--egress", "public"):
            status, output, errors = headrace(*command, "--attempt-only")
            assert status == 0, errors
            assert "a dispatcher made an attempt of " in output
            assert headrace(*command, "--timeout-seconds", 1)[0] == 1
    assert not redis_client.keys(f"*{output.split()[-1].rpartition('/')[2]}*")


def test_without_an_api_it_says_so(headrace):
    status, _, errors = headrace("smoke", "--api-url", f"http://127.0.0.1:{free_port()}")
    assert status == 1
    assert errors.startswith("headrace: cannot reach http://127.0.0.1:")


def test_an_error_of_the_api_is_shown(up, headrace):
    status, _, errors = headrace("smoke", "--api-url", up.http, "--queue", "not_a_queue_id")
    assert status == 1
    assert "INVALID_ARGUMENT" in errors


def light(*arguments: str) -> tuple[int, str, str]:
    """The probe without the rest of the command."""
    command = [sys.executable, "-m", "broker.cli.probe", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(), check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def redis_server():
    """A server that the test may freeze."""
    with closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


@pytest.fixture(params=["headrace probe", "module"])
def ask(request, headrace):
    """Runs the probe: exit status, standard output, standard error."""
    return light if request.param == "module" else lambda url: headrace("probe", url)


def test_a_node_that_is_well(up, ask):
    assert ask(f"{up.http}/readyz") == (0, "ok\n", "")


def test_what_is_wrong_is_said_in_one_line(up, ask):
    nobody = f"http://127.0.0.1:{free_port()}/"
    for url, problem in {
        f"{up.http}/nothing": f"{up.http}/nothing answered 404",
        nobody: f"{nobody} does not answer: [Errno 111] Connection refused",
        "readyz": "'readyz' is no http:// or https:// URL",
    }.items():
        assert ask(url) == (1, "", f"headrace: {problem}\n")


def test_the_reason_of_a_node_is_handed_on(redis_server, headrace):
    with start_api(redis_server.url) as api:
        redis_server.freeze()
        for answer in (headrace("probe", f"{api.http}/readyz"), light(f"{api.http}/readyz")):
            assert answer[0] == 1
            assert answer[2].startswith("headrace: ")
        redis_server.thaw()
