"""The topology of the compose file, as processes: a task through it, and a rolling restart of every role under load."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests

from tests.faults.conftest import BINARY
from tests.support.installation import Installation
from tests.support.rates import ROUNDING, Limit, worst_excess
from tests.support.recorder import Recorder
from tests.support.rest import Rest, RestError, microseconds
from tests.support.up import run_headrace
from tests.support.waiting import eventually

RATE, CONCURRENCY = 40, 8
PAUSE_S = 0.02
"""Between two tasks of a caller: a little more than the limited queue can dispatch."""
ROLES = ("dispatcher-1", "api-1", "dispatcher-2", "api-2", "redis")
GRPC_CLIENT = """
import sys, grpc
from google.cloud.tasks_v2 import CreateTaskRequest, Task
channel = grpc.insecure_channel(sys.argv[1])
create = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/CreateTask",
                             CreateTaskRequest.pb(CreateTaskRequest()).__class__.SerializeToString)
create(CreateTaskRequest.pb(CreateTaskRequest(parent=sys.argv[2], task=Task(http_request={"url": sys.argv[3]}))),
       wait_for_ready=True, timeout=10)
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Installation(BINARY) as installation:
        yield installation


class Caller(threading.Thread):
    """Creates one named task after the other and repeats what failed, as a good client does."""

    def __init__(self, url: str, queue: str, target: str) -> None:
        super().__init__(daemon=True)
        self._url, self._queue, self._target = url, queue, target
        self._stopped = threading.Event()
        self.acknowledged: set[str] = set()
        self.repeated = 0
        self.problem: Exception | None = None

    def run(self) -> None:
        try:
            with closing(Rest(self._url)) as rest:
                while not self._stopped.is_set():
                    task_id = f"task-{len(self.acknowledged)}"
                    self._create(rest, task_id)
                    self.acknowledged.add(task_id)
                    self._stopped.wait(PAUSE_S)
        except Exception as error:
            self.problem = error

    def _create(self, rest: Rest, task_id: str) -> None:
        attempts = 0
        while True:
            try:
                rest.create_task(self._queue, self._target, task_id)
                return
            except RestError as error:
                if error.status == "ALREADY_EXISTS" and attempts:
                    return
                if error.status != "UNAVAILABLE":
                    raise
            except requests.ConnectionError:
                pass  # the node is stopping; the balancer leads to another one
            attempts += 1
            self.repeated += 1
            self._stopped.wait(0.05)

    def stop(self) -> set[str]:
        """Create no more; the ids of all that were acknowledged."""
        self._stopped.set()
        self.join()
        assert self.problem is None
        return self.acknowledged


def test_a_task_goes_through_it(installation: Installation):
    answer = run_headrace("smoke", "--api-url", installation.url)
    assert answer.returncode == 0, answer.stderr
    assert "arrived after" in answer.stdout


def test_both_api_nodes_serve_rest_and_grpc(installation: Installation):
    with Recorder() as recorder, closing(Rest(installation.url)) as rest:
        queue = rest.create_queue("both")
        for _ in range(2):
            command = [sys.executable, "-c", GRPC_CLIENT, f"127.0.0.1:{installation.grpc.port}", queue, recorder.url]
            subprocess.run(command, check=True, timeout=60)
            with closing(Rest(installation.url)) as other:
                other.create_task(queue, recorder.url)
        recorder.wait_for("both", 4)
    assert all(installation.http.served.values())
    assert all(installation.grpc.served.values())


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_a_rolling_restart_loses_nothing_and_exceeds_nothing(installation: Installation, rounds: int):
    """Tasks of one queue succeed: all must arrive. Those of the other fail once and stay, to tell when Redis dispatched
    them: never faster than allowed."""
    with Recorder() as fine, Recorder() as failing, closing(Rest(installation.url)) as rest:
        flowing = rest.create_queue(f"flowing-{rounds}", rateLimits={"maxConcurrentDispatches": CONCURRENCY})
        limited = rest.create_queue(
            f"limited-{rounds}",
            rateLimits={"maxDispatchesPerSecond": RATE, "maxConcurrentDispatches": CONCURRENCY},
            retryConfig={"minBackoff": "1000s", "maxBackoff": "1000s"},
        )
        burst = rest.call("GET", limited)["rateLimits"]["maxBurstSize"]
        failing.script("*", 500)
        callers = Caller(installation.url, flowing, f"{fine.url}/slow"), Caller(installation.url, limited, failing.url)
        for caller in callers:
            caller.start()
        for role in ROLES * rounds:
            installation.restart(role)
            fine.wait_until(more_than(len(fine.received()) + 2 * CONCURRENCY, fine))
            failing.wait_until(more_than(len(failing.received()) + 2 * CONCURRENCY, failing))
        flowed, held = (caller.stop() for caller in callers)
        eventually(lambda: not rest.list_tasks(flowing), 60)
        eventually(lambda: all("lastAttempt" in task for task in rest.list_tasks(limited)), 60 + len(held) / RATE)
        tasks = rest.list_tasks(limited)
    assert flowed == {received.task for received in fine.received()}
    assert fine.peak(f"flowing-{rounds}") <= CONCURRENCY
    assert held == {task["name"].rpartition("/")[2] for task in tasks}
    moments_us = [microseconds(task["firstAttempt"]["dispatchTime"]) for task in tasks]
    assert worst_excess(moments_us, [Limit(0, RATE, burst)]) <= ROUNDING
    assert failing.peak(f"limited-{rounds}") <= CONCURRENCY


def more_than(count: int, recorder: Recorder) -> Callable[[], bool]:
    """Whether so many requests have arrived."""
    return lambda: len(recorder.received()) >= count
