"""The metrics of one success, one retry and one exhaustion."""

from tests.support.nodes import metric, probe
from tests.support.waiting import eventually


def test_a_success_a_retry_and_an_exhaustion_are_counted(client, make_queue, recorder, up):
    quick = {"minBackoff": "0.010s", "maxBackoff": "0.010s", "maxAttempts": 2}
    queue = make_queue(retryConfig=quick)
    recorder.script("retried", 503, 200)
    recorder.script("exhausted", 404)
    for task_id in ("done", "retried", "exhausted"):
        task = {"name": f"{queue}/tasks/{task_id}", "httpRequest": {"url": recorder.url}}
        client.create_task(parent=queue, task=task)
    eventually(lambda: metric(up, "headrace_tasks_exhausted_total", queue=queue) == 1)
    eventually(lambda: not client.list_tasks(parent=queue))

    def count(name, **labels):
        return metric(up, f"headrace_{name}", queue=queue, **labels)

    assert count("tasks_created_total") == 3
    assert count("dispatches_total") == 5
    assert {kind: count("responses_total", **{"class": kind}) for kind in ("2xx", "4xx", "5xx")} == {
        "2xx": 2,
        "4xx": 2,
        "5xx": 1,
    }
    assert count("retries_total") == 2
    assert {kind: count("retries_total", reason=kind) for kind in ("4xx", "5xx")} == {"4xx": 1, "5xx": 1}
    assert count("attempt_seconds_count") == 5
    assert count("dispatch_lateness_seconds_count") == 5
    assert count("queue_tasks") == count("in_flight") == 0


def test_what_waits_and_what_is_under_way_is_shown(client, make_queue, recorder, up):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 2})
    for _ in range(5):
        client.create_task(parent=queue, task={"httpRequest": {"url": f"{recorder.url}/held"}})
    recorder.wait_for_open(queue.rpartition("/")[2], 2)
    assert metric(up, "headrace_queue_tasks", queue=queue) == 5
    assert metric(up, "headrace_in_flight", queue=queue) == 2
    recorder.release()
    eventually(lambda: not client.list_tasks(parent=queue))


def test_the_probes_are_content(up):
    assert (probe(up, "/healthz"), probe(up, "/readyz")) == (200, 200)
