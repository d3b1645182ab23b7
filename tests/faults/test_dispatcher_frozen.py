"""A dispatcher that stands still, or hears nothing from Redis, for longer than its leases."""

import signal

from tests.support.nodes import LEASE_S, metric, start_dispatcher
from tests.support.proxy import Proxy
from tests.support.waiting import eventually


def short_id(name):
    return name.rpartition("/")[2]


def lost_or_stale(node):
    return metric(node, "headrace_stale_results_total") + metric(node, "headrace_leases_lost_total")


def test_late_results_change_nothing(rest, make_queue, dispatcher, recorder):
    """The first holder's answers are 200, the second's 500: the tasks stay, with the second's result."""
    queue = make_queue()
    recorder.script("*", *[200] * 10, 500)
    rest.create_tasks(queue, f"{recorder.url}/held", 10)
    first = dispatcher()
    recorder.wait_for_open(short_id(queue), 10)
    second = dispatcher()
    first.signal(signal.SIGSTOP)
    recorder.wait_for_open(short_id(queue), 20)
    recorder.release()
    eventually(lambda: all(task.get("responseCount") for task in rest.list_tasks(queue)))
    first.signal(signal.SIGCONT)
    eventually(lambda: lost_or_stale(first) == 10)
    tasks = rest.list_tasks(queue)
    assert [(task["dispatchCount"], task["responseCount"]) for task in tasks] == [(2, 1)] * 10
    assert lost_or_stale(second) == 0
    assert (first.stop(), second.stop()) == (0, 0)


def test_a_frozen_dispatcher_costs_one_extra_attempt_a_lease_and_no_more(rest, make_queue, dispatcher, recorder):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 5})
    tasks = rest.create_tasks(queue, f"{recorder.url}/held", 5)
    first = dispatcher()
    recorder.wait_for_open(short_id(queue), 5)
    second = dispatcher()
    first.signal(signal.SIGSTOP)
    recorder.wait_for_open(short_id(queue), 10)
    first.signal(signal.SIGCONT)
    recorder.wait_for_open(short_id(queue), 5)  # it learns that its leases are lost, and aborts
    tasks |= rest.create_tasks(queue, f"{recorder.url}/held", 10)
    recorder.release()
    eventually(lambda: not rest.list_tasks(queue))
    assert recorder.peak(short_id(queue)) == 10
    assert {got.task for got in recorder.received()} == tasks
    assert len(recorder.received()) == 20
    assert (first.stop(), second.stop()) == (0, 0)


def test_a_dispatcher_that_cannot_renew_aborts_before_another_may_claim(
    rest, make_queue, dispatcher, recorder, calm_server
):
    soon = {"minBackoff": "0.010s", "maxBackoff": "0.010s"}
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 5}, retryConfig=soon)
    rest.create_tasks(queue, f"{recorder.url}/held", 10)
    longer = ("--lease-seconds", 3 * LEASE_S)  # it aborts a third of a lease early, in which it has to be seen
    with Proxy(calm_server.port) as proxy, start_dispatcher(proxy.url, *longer) as first:
        recorder.wait_for_open(short_id(queue), 5)
        second = dispatcher(*longer)
        proxy.go_deaf()
        recorder.wait_until(lambda: recorder.cut_off(short_id(queue)) == 5)
        recorder.wait_for(short_id(queue), 10)
        proxy.hear_again()
        recorder.release()
        eventually(lambda: not rest.list_tasks(queue))
        assert recorder.peak(short_id(queue)) == 5
        assert (first.stop(), second.stop()) == (0, 0)
