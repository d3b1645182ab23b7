"""kill -9 of `headrace up`, all of it, in the middle of its work; the next one goes on with the same data."""

from contextlib import closing

from tests.faults.conftest import NO_RETRY_SOON
from tests.support.rest import Rest
from tests.support.up import Up
from tests.support.waiting import eventually


def test_tasks_under_way_and_waiting_arrive(tmp_path, recorder):
    with Up("--data-dir", tmp_path, "--lease-seconds", 2) as up, closing(Rest(up.http)) as rest:
        queue = rest.create_queue("q", rateLimits={"maxConcurrentDispatches": 10}, retryConfig=NO_RETRY_SOON)
        tasks = rest.create_tasks(queue, f"{recorder.url}/held", 50)
        recorder.wait_for_open("q", 10)
        up.kill()
    recorder.wait_for_open("q", 0)
    recorder.release()
    with Up("--data-dir", tmp_path, "--lease-seconds", 2) as up, closing(Rest(up.http)) as rest:
        eventually(lambda: not rest.list_tasks(queue))
        assert up.stop() == 0
    attempts = [got.task for got in recorder.received()]
    assert (set(attempts), len(attempts)) == (tasks, 60)
    assert recorder.peak("q") <= 10
