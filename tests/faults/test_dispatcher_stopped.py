"""SIGTERM: a dispatcher claims no more, finishes what it has sent, and gives the rest back."""

import signal

import requests

from tests.support.rest import microseconds
from tests.support.waiting import eventually


def short_id(name):
    return name.rpartition("/")[2]


def is_draining(node):
    """A stopping node no longer answers probes."""
    try:
        requests.get(f"{node.address('metrics')}/healthz", timeout=10)
    except requests.ConnectionError:
        return True
    return False


def test_requests_shorter_than_the_drain_limit_are_finished(rest, make_queue, dispatcher, recorder):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 50})
    rest.create_tasks(queue, f"{recorder.url}/held", 120)
    node = dispatcher("--drain-seconds", 20)
    recorder.wait_for_open(short_id(queue), 50)
    node.signal(signal.SIGTERM)
    eventually(lambda: is_draining(node))
    recorder.release()
    assert node.wait() == 0
    assert len(recorder.received()) == 50
    assert recorder.cut_off(short_id(queue)) == 0
    left = rest.list_tasks(queue)
    assert len(left) == 70
    assert not any(task.get("dispatchCount") for task in left)


def test_longer_ones_are_aborted_and_count_as_failures_without_an_answer(rest, make_queue, dispatcher, recorder):
    queue = make_queue()
    rest.create_tasks(queue, f"{recorder.url}/silent", 10)
    node = dispatcher("--drain-seconds", 0.1)
    recorder.wait_for_open(short_id(queue), 10)
    assert node.stop() == 0
    assert recorder.cut_off(short_id(queue)) == 10
    for task in rest.list_tasks(queue):
        assert (task["dispatchCount"], task.get("responseCount", 0)) == (1, 0)
        assert "responseTime" in task["lastAttempt"]
        assert microseconds(task["scheduleTime"]) > microseconds(task["lastAttempt"]["responseTime"])


def test_under_load_every_task_is_done_once(rest, make_queue, dispatcher, two_dispatchers, recorder):
    """One of two is stopped in the middle, and a third takes its place."""
    queue = make_queue()
    tasks = rest.create_tasks(queue, f"{recorder.url}/slow", 150)
    recorder.wait_for(short_id(queue), 20)
    assert two_dispatchers[0].stop() == 0
    tasks |= rest.create_tasks(queue, f"{recorder.url}/slow", 150)
    assert two_dispatchers[1].stop() == 0
    dispatcher()
    eventually(lambda: not rest.list_tasks(queue))
    assert sorted(got.task for got in recorder.received()) == sorted(tasks)
    assert recorder.cut_off(short_id(queue)) == 0
