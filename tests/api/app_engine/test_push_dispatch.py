"""Push tasks of the App Engine API on their way: the requests that targets get (App Engine specification, 4)."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.api.app_engine.messages import MESSAGES
from tests.api.app_engine.calls import REQUESTS, push
from tests.support.fronts import FRONTS
from tests.support.nodes import begin_api, begin_dispatcher, together
from tests.support.recorder import Received, Recorder
from tests.support.servers import Server, available_binaries, free_port
from tests.support.up import Node
from tests.support.waiting import eventually

_PROGRAM = Path(__file__).parent / "programs" / "app.py"
_SHOP = "projects/shop/locations/europe-west1"
_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"


def call(node: Node, method: str, *, ticket: str = "", **fields: Any) -> Any:
    """The answer to a call, which must be a success."""
    request = MESSAGES[REQUESTS[method]](**fields).SerializeToString()
    envelope = MESSAGES["Request"](service_name="taskqueue", method=method, request=request, request_id=ticket)
    answer = requests.post(f"{node.http}/rpc_http", envelope.SerializeToString(), timeout=30)
    response = MESSAGES["Response"].FromString(answer.content)
    assert response.HasField("response"), response
    return MESSAGES[REQUESTS[method].replace("Request", "Response")].FromString(response.response)


def header(**headers: str) -> list[dict[str, bytes]]:
    return [{"key": name.replace("_", "-").encode(), "value": value.encode()} for name, value in headers.items()]


@pytest.fixture(scope="module", params=FRONTS)
def front(request: pytest.FixtureRequest) -> str:
    """What serves the ports of the API node."""
    return str(request.param)


@pytest.fixture(scope="module")
def target(front: str) -> Iterator[Recorder]:
    with Recorder() as target:
        yield target


@contextmanager
def running(front: str, *flags: str) -> Iterator[Node]:
    """An API node with that front and a dispatcher with these flags, on a server of their own."""
    with closing(Server(next(iter(available_binaries().values())))) as server:
        api, dispatcher = together(begin_api(server.url, "--front", front), begin_dispatcher(server.url, *flags))
        with api, dispatcher:
            yield api


@pytest.fixture(scope="module")
def node(front: str, target: Recorder) -> Iterator[Node]:
    with running(front, "--app-engine-service", f"default={target.url}") as node:
        yield node


def received(target: Recorder, task: str, count: int = 1) -> list[Received]:
    def look() -> list[Received] | None:
        found = [got for got in target.received() if got.header("X-AppEngine-TaskName") == task]
        return found if len(found) >= count else None

    return eventually(look)


def test_the_request_of_a_task(node: Node, target: Recorder) -> None:
    own = header(
        X_Own="1",
        Host="v1.worker.shop.appspot.com",
        User_Agent="mine",
        X_AppEngine_QueueName="forged",
        X_Google_Thing="forged",
        X_AppEngine_Current_Namespace="space",
        X_AppEngine_FailFast="true",
    )
    eta_us = int(time.time() * 1e6)
    task = push("t", eta_us, url=b"/work?a=1", body=b"abc", header=[*own, *header(X_Own="2")])
    assert call(node, "BulkAdd", ticket=_SHOP, add_request=[task]).taskresult[0].result == 0
    (got,) = received(target, "t")
    assert (got.method, got.path, got.body) == ("POST", "/work?a=1", b"abc")
    eta = got.header("X-AppEngine-TaskETA") or ""
    assert sorted(got.headers) == sorted(
        [
            ("Host", "v1.worker.shop.appspot.com"),
            ("User-Agent", f"mine {_AGENT}"),
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", "3"),
            ("X-Own", "1"),
            ("X-Own", "2"),
            ("X-AppEngine-Current-Namespace", "space"),
            ("X-AppEngine-FailFast", "true"),
            ("X-AppEngine-Country", "ZZ"),
            ("X-AppEngine-User-IP", "0.1.0.2"),
            ("X-AppEngine-API-Ticket", _SHOP),
            ("X-AppEngine-Default-Version-Hostname", "shop.appspot.com"),
            ("X-AppEngine-QueueName", "default"),
            ("X-AppEngine-TaskName", "t"),
            ("X-AppEngine-TaskRetryCount", "0"),
            ("X-AppEngine-TaskExecutionCount", "0"),
            ("X-AppEngine-TaskETA", eta),
        ]
    )
    assert abs(float(eta) - eta_us / 1e6) < 60


def test_a_task_is_tried_as_often_as_its_own_parameters_say(node: Node, target: Recorder) -> None:
    parameters = {"retry_limit": 1, "min_backoff_sec": 0.01, "max_backoff_sec": 0.01}
    target.script("*", 503)
    call(node, "Add", **push("failing", url=b"/fails", retry_parameters=parameters))
    first, second = received(target, "failing", 2)
    assert (first.header("X-AppEngine-TaskRetryCount"), first.header("X-AppEngine-TaskRetryReason")) == ("0", None)
    assert second.header("X-AppEngine-TaskRetryCount") == "1"
    assert second.header("X-AppEngine-TaskExecutionCount") == "1"
    assert second.header("X-AppEngine-TaskPreviousResponse") == "503"
    assert second.header("X-AppEngine-TaskRetryReason") == "App Error"
    gone = {"queue_name": b"default", "task_name": [b"failing"]}
    eventually(lambda: list(call(node, "Delete", **gone).result) == [11])
    assert len(received(target, "failing", 2)) == 2
    target.script("*", 200)


def test_a_task_without_a_host_goes_to_the_default_service(node: Node, target: Recorder) -> None:
    call(
        node,
        "Add",
        **push("plain", header=header(Host="localhost:8080")),
    )
    (got,) = received(target, "plain")
    assert got.header("Host") == "localhost:8080"


def test_it_is_a_task_of_cloud_tasks(node: Node) -> None:
    call(node, "Add", ticket=_SHOP, **push("later", 10**6 * (int(time.time()) + 3600), header=header(X_Own="1")))
    url = f"{node.http}/v2/{_SHOP}/queues/default/tasks/later?responseView=FULL"
    shown = requests.get(url, timeout=30).json()["appEngineHttpRequest"]
    assert shown == {
        "httpMethod": "POST",
        "relativeUri": "/work",
        "headers": {"X-Own": "1", "User-Agent": _AGENT},
        "appEngineRouting": {"host": "shop.appspot.com"},
    }


def test_a_python_app_is_called_and_calls_back(sdk_python: str, front: str) -> None:
    """Its middleware takes the ticket from the request; `deferred` runs only what comes from the task queue."""
    port = free_port()
    with running(front, "--app-engine-target", f"http://127.0.0.1:{port}") as node:
        host, _, api_port = node.http.removeprefix("http://").partition(":")
        queue = {"name": f"{_SHOP}/queues/said", "pullTarget": {}}
        requests.post(f"{node.http}/v2beta2/{_SHOP}/queues", json=queue, timeout=30).raise_for_status()
        command = [sdk_python, str(_PROGRAM), host, api_port, str(port)]
        with subprocess.Popen(command, stdout=-1, text=True) as app:
            try:
                assert app.stdout is not None
                assert app.stdout.readline() == "ready\n"
                call(node, "Add", ticket=_SHOP, **push("first", url=b"/first"))
                said: set[bytes] = set()

                def last_was_called() -> bool:
                    fields = {"queue_name": b"said", "lease_seconds": 60, "max_tasks": 100}
                    said.update(task.body for task in call(node, "QueryAndOwnTasks", ticket=_SHOP, **fields).task)
                    return b"/last of default" in said

                eventually(last_was_called)
                assert said == {b"/first of default", b"/last of default"}
            finally:
                app.kill()
