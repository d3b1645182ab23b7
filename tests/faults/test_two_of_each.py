"""Two API nodes and two dispatchers on one queue: its limits are those of one."""

from contextlib import closing

from tests.support.nodes import start_api
from tests.support.rest import Rest, microseconds
from tests.support.waiting import eventually

RATE = 50
CONCURRENCY = 5
TASKS = 150


def test_rate_and_concurrency_are_never_exceeded(rest, make_queue, two_dispatchers, recorder, calm_server):
    limits = {"maxDispatchesPerSecond": RATE, "maxConcurrentDispatches": CONCURRENCY}
    queue = make_queue(rateLimits=limits)
    burst = rest.call("GET", queue)["rateLimits"]["maxBurstSize"]
    recorder.script("*", 500)  # the tasks stay, and tell when Redis dispatched them
    with start_api(calm_server.url) as second, closing(Rest(second.http)) as other:
        for _ in range(TASKS // 2):
            rest.create_task(queue, f"{recorder.url}/slow")
            other.create_task(queue, f"{recorder.url}/slow")
        eventually(lambda: sum("lastAttempt" in task for task in other.list_tasks(queue)) == TASKS)
        tasks = rest.list_tasks(queue)
    assert [node.stop() for node in two_dispatchers] == [0, 0]
    assert {task["dispatchCount"] for task in tasks} == {1}
    assert recorder.peak(queue.rpartition("/")[2]) == CONCURRENCY
    moments_us = sorted(microseconds(task["firstAttempt"]["dispatchTime"]) for task in tasks)
    for first, first_us in enumerate(moments_us):
        for last, last_us in enumerate(moments_us[first:], first):
            assert last - first + 1 <= burst + RATE * (last_us - first_us) / 1e6 + 1e-6
