"""`headrace up` from its first line to its last, as whoever starts it sees it."""

import json
import os
import re
import shutil
import signal
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.processes import is_alive
from tests.support.up import Node, Up, run_headrace
from tests.support.waiting import eventually


def fetch(url: str, body: dict | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
        return answer.read().decode()


def create_first_task(up: Up) -> str:
    """Sends the task that `up` shows as the first one, for tomorrow. The answer is its URL."""
    shown = "\n".join(up.lines)
    url = re.search(r"curl (\S+) ", shown)[1]
    body = json.loads(re.search(r"-d '(.*)'", shown)[1])
    body["task"]["scheduleTime"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return f"{up.http}/v2/{json.loads(fetch(url, body))['name']}"


@pytest.fixture(scope="module")
def up():
    with Up() as up:
        yield up


def test_the_last_line_tells_programs_where_it_is(up):
    assert re.fullmatch(r"headrace ready grpc=127\.0\.0\.1:\d+ http=http://127\.0\.0\.1:\d+", up.ready_line)


def test_the_first_task_can_be_copied_and_pasted(up):
    assert "projects/local/locations/us-central1/queues/default/tasks/" in fetch(create_first_task(up))


def test_the_http_port_has_probes_and_the_metrics_of_both_nodes(up):
    assert fetch(f"{up.http}/healthz") == fetch(f"{up.http}/readyz") == "ok\n"
    metrics = fetch(f"{up.http}/metrics")
    assert "headrace_tasks_created_total" in metrics
    assert re.search(r"^headrace_claims_total [1-9]", metrics, re.MULTILINE)


def test_queues_are_created_where_they_are_missing(tmp_path):
    queues = ("--queue", "mail", "--queue", "projects/p/locations/l/queues/slow", "--project", "shop")
    for _ in range(2):
        with Up("--data-dir", tmp_path, *queues) as up:
            assert "projects/shop/locations/us-central1/queues/mail" in fetch(
                f"{up.http}/v2/projects/shop/locations/us-central1/queues"
            )
            fetch(f"{up.http}/v2/projects/p/locations/l/queues/slow")
            assert up.stop() == 0


def test_a_second_one_says_who_holds_the_data_directory(tmp_path):
    with Up("--data-dir", tmp_path) as up:
        second = run_headrace("up", "--data-dir", tmp_path, "--grpc-port", 0, "--http-port", 0)
        assert second.returncode == 1
        assert second.stderr.startswith(f"headrace: data directory {tmp_path} is held by another")
        assert f"process {up.pid}:" in second.stderr
        assert second.stderr.count("\n") == 1


def test_control_c_stops_everything_and_tasks_are_there_next_time(tmp_path):
    with Up("--data-dir", tmp_path) as up:
        task = create_first_task(up)
        os.killpg(up.pid, signal.SIGINT)  # as a terminal does
        assert up.wait() == 0
        assert "Traceback" not in up.stderr
    with Up("--data-dir", tmp_path) as up:
        fetch(up.http + task[task.index("/v2/") :])
        assert up.stop() == 0


def send_task_that_hangs(up: Up, listener: socket.socket) -> tuple[str, socket.socket]:
    """Creates a task and accepts its request. The answer is its URL and the connection that waits."""
    queue = f"{up.http}/v2/projects/local/locations/us-central1/queues/default"
    target = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = json.loads(fetch(f"{queue}/tasks", {"task": {"httpRequest": {"url": target}}}))
    connection, _ = listener.accept()
    return f"/v2/{task['name']}", connection


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        yield listener


def test_what_is_being_sent_is_finished_before_the_end(tmp_path, listener):
    with Up("--data-dir", tmp_path) as up:
        task, connection = send_task_that_hangs(up, listener)
        up.signal(signal.SIGTERM)
        eventually(lambda: "draining" in up.stderr)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert up.wait() == 0
        connection.close()
    with Up("--data-dir", tmp_path) as up, pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(up.http + task)


def test_a_second_control_c_does_not_wait(listener):
    with Up("--drain-seconds", 3600) as up:
        _, connection = send_task_that_hangs(up, listener)
        up.signal(signal.SIGINT)
        eventually(lambda: "draining" in up.stderr)
        up.signal(signal.SIGINT)
        up.wait()
        connection.close()
        assert "Traceback" not in up.stderr


def test_after_a_kill_no_process_is_left_and_the_next_one_has_the_tasks(tmp_path):
    with Up("--data-dir", tmp_path) as up:
        task = create_first_task(up)
        assert len(up.family) == 2
        up.process.kill()
        up.process.wait()
        with Up("--data-dir", tmp_path) as successor:
            assert not any(map(is_alive, up.family))
            fetch(successor.http + task[task.index("/v2/") :])


def test_it_reports_a_server_that_dies():
    with Up() as up:
        (server,) = up.family - {up.pid}
        os.kill(server, signal.SIGKILL)
        assert up.wait() == 1
        assert re.search(r"^headrace: the Redis server ended with signal 9; .*redis\.log", up.stderr, re.MULTILINE)
        assert "Traceback" not in up.stderr


def test_a_data_directory_with_a_long_name(tmp_path):
    temporary = tmp_path / "t"
    temporary.mkdir()
    with Up("--data-dir", tmp_path / ("long" * 30), TMPDIR=str(temporary)) as up:
        create_first_task(up)
        assert list(temporary.glob("headrace-*/redis.sock"))
        assert up.stop() == 0
        assert not list(temporary.iterdir())


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server on PATH")
def test_it_runs_the_server_that_it_is_told_to(tmp_path):
    with Up("--redis-server", shutil.which("redis-server"), "--data-dir", tmp_path) as up:
        create_first_task(up)
        assert "Redis version=7" in (tmp_path / "redis.log").read_text()


def test_the_roles_run_apart_against_one_redis(redis_url, redis_client):
    with (
        Node("api", "--redis-url", redis_url, "--grpc-port", 0, "--http-port", 0, "--queue", "q") as api,
        Node("dispatcher", "--redis-url", redis_url, "--metrics-port", 0) as dispatcher,
    ):
        assert api.ready_line.startswith("headrace api ready grpc=127.0.0.1:")
        assert fetch(f"{api.http}/readyz") == "ok\n"
        assert fetch(f"{dispatcher.address('metrics')}/healthz") == "ok\n"
        assert fetch(f"{dispatcher.address('metrics')}/readyz") == "ok\n"
        assert "headrace_claims_total" in fetch(f"{dispatcher.address('metrics')}/metrics")
        assert (api.stop(), dispatcher.stop()) == (0, 0)
