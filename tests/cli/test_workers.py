"""`headrace api --workers N`: several processes that are one node, with each front."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest
import requests
from google.cloud.tasks_v2 import types
from google.protobuf.json_format import MessageToDict

from broker.cli.counts_socket import fetch_counts
from tests.support.fronts import FRONTS
from tests.support.nodes import metric, probe, start_api
from tests.support.processes import descendants
from tests.support.up import Node, run_headrace
from tests.support.waiting import eventually

WORKERS = 2
PARENT = "projects/p/locations/l"
QUEUE = f"{PARENT}/queues/q"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the node puts its sockets."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The flag for each front."""
    return "--front", request.param


@pytest.fixture
def node(redis_url, redis_client, scratch, front) -> Iterator[Node]:
    with start_api(redis_url, "--workers", WORKERS, "--queue", QUEUE, *front) as node:
        yield node


def call_grpc(address: str, times: int) -> None:
    """ListQueues, each over a connection of its own."""
    request = types.ListQueuesRequest.pb()(parent=PARENT).SerializeToString()
    for _ in range(times):
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            answer = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/ListQueues")(request, timeout=20)
            listed = MessageToDict(types.ListQueuesResponse.pb().FromString(answer))
            assert [queue["name"] for queue in listed["queues"]] == [QUEUE]


def call_rest(url: str, times: int) -> None:
    """GetQueue, each over a connection of its own."""
    for _ in range(times):
        assert requests.get(f"{url}/v2/{QUEUE}", timeout=20).json()["name"] == QUEUE


def sockets_in(scratch: Path) -> Path:
    """The directory in which the node has its sockets."""
    return next(scratch.glob("headrace-*/all")).parent


async def callers_of(method: str, directory: Path) -> int:
    """How many workers, whose sockets are in the directory, have answered the method."""
    counts = [await fetch_counts(directory / str(number), 10) for number in range(WORKERS)]
    return sum(f'code="OK",method="{method}"'.encode() in text for text in counts)


async def test_both_protocols_are_answered_by_several_processes_and_their_counts_add_up(node, scratch):
    call_rest(node.http, 60)
    call_grpc(node.grpc, 60)
    assert await callers_of("GetQueue", sockets_in(scratch)) > 1
    assert await callers_of("ListQueues", sockets_in(scratch)) > 1
    for _ in range(5):  # whichever of them is asked
        assert metric(node, "headrace_api_calls_total", method="GetQueue", code="OK") == 60
        assert metric(node, "headrace_api_calls_total", method="ListQueues", code="OK") == 60
        assert metric(node, "headrace_queue_tasks", queue=QUEUE) == 0
    assert probe(node, "/healthz") == probe(node, "/readyz") == 200


async def test_both_protocols_on_one_port(redis_url, redis_client, scratch, front):
    with start_api(redis_url, "--workers", WORKERS, "--queue", QUEUE, "--port", 0, *front) as node:
        assert node.http == f"http://{node.grpc}"
        call_rest(node.http, 40)
        call_grpc(node.grpc, 40)
        assert await callers_of("GetQueue", sockets_in(scratch)) > 1
        assert await callers_of("ListQueues", sockets_in(scratch)) > 1


class Creator(threading.Thread):
    """Creates named tasks over connections of their own, each again until it is answered."""

    def __init__(self, url: str, letter: str, number: int) -> None:
        super().__init__()
        self._url, self._names = url, [f"{QUEUE}/tasks/{letter}{index}" for index in range(number)]
        self.created: list[str] = []

    def run(self) -> None:
        for name in self._names:
            eventually(lambda name=name: self._create(name))
            self.created.append(name)

    def _create(self, name: str) -> bool:
        task = {"task": {"name": name, "httpRequest": {"url": "http://h/"}}}
        try:
            return requests.post(f"{self._url}/v2/{QUEUE}/tasks", json=task, timeout=20).status_code in (200, 409)
        except requests.ConnectionError:
            return False


def test_killing_a_worker_under_load_loses_nothing_and_another_takes_its_place(node, redis_client):
    creators = [Creator(node.http, letter, 60) for letter in "abcd"]
    before = descendants(node.pid)
    for creator in creators:
        creator.start()
    eventually(lambda: all(len(creator.created) > 10 for creator in creators))
    shown = metric(node, "headrace_tasks_created_total")
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    for creator in creators:
        creator.join()
    pages = requests.get(f"{node.http}/v2/{QUEUE}/tasks?pageSize=1000", timeout=20).json()["tasks"]
    assert {task["name"] for task in pages} == {name for creator in creators for name in creator.created}
    assert len(pages) == 240
    eventually(lambda: len(descendants(node.pid) - {victim}) == WORKERS)
    assert f"pid={victim} status=-9" in node.stderr
    assert shown <= metric(node, "headrace_tasks_created_total") <= 240
    assert node.stop() == 0


def test_sigterm_lets_calls_finish_and_ends_every_process(node, redis_client, scratch):
    body = {"task": {"name": f"{QUEUE}/tasks/late", "httpRequest": {"url": "http://h/"}}}
    missing = types.DeleteTaskRequest.pb()(name=f"{QUEUE}/tasks/missing").SerializeToString()
    call_rest(node.http, 1)
    redis_client.client_pause(60_000, all=False)
    try:
        with ThreadPoolExecutor() as pool, grpc.insecure_channel(node.grpc) as channel:
            created = pool.submit(requests.post, f"{node.http}/v2/{QUEUE}/tasks", json=body, timeout=30)
            eventually(lambda: redis_client.info("clients")["blocked_clients"] == 1)
            deleted = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/DeleteTask").future(missing, timeout=30)
            eventually(lambda: redis_client.info("clients")["blocked_clients"] == 2)
            node.signal(signal.SIGTERM)
            eventually(lambda: refuses(urlsplit(node.http).port))
            redis_client.client_unpause()
            assert created.result().json()["name"] == f"{QUEUE}/tasks/late"
            assert deleted.exception().code() is grpc.StatusCode.NOT_FOUND
    finally:
        redis_client.client_unpause()
    assert node.wait() == 0
    assert not list(scratch.glob("headrace-*/*")), "nothing is left behind"


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_is_wrong_at_the_start_is_said_once(redis_url, redis_client, front):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = ("--grpc-port", 0, "--http-port", port)
        ended = run_headrace("api", "--redis-url", redis_url, "--workers", 2, *ports, *front)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"headrace: cannot listen on 127.0.0.1 port {port} (Address already in use); "
        "choose another port with --http-port, 0 for any free one\n"
    )


def test_a_worker_that_cannot_start_is_told_of_once(front):
    ended = run_headrace("api", "--redis-url", "redis://127.0.0.1:1", "--workers", 2, "--port", 0, *front)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("headrace: ")
    assert len(ended.stderr.splitlines()) == 1


def test_two_nodes_do_not_share_a_port_and_workers_end_with_their_parent(node, redis_url):
    port = urlsplit(node.http).port
    ended = run_headrace("api", "--redis-url", redis_url, "--workers", 2, "--grpc-port", 0, "--http-port", port)
    assert ended.returncode == 1
    assert "Address already in use" in ended.stderr
    node.kill()  # returns when they are gone
