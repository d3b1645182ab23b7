"""Operation logs of running nodes: which lines there are, and what stands in them (5.14)."""

import json
import re

from broker.model.names import TaskName
from broker.operation_logs import is_sampled
from tests.docs.markdown import table_rows, text_of
from tests.support.client import CallError
from tests.support.rest import microseconds
from tests.support.seeds import SECOND
from tests.support.waiting import eventually

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z"
SPAN = r"\d+(\.\d{3}|\.\d{6})?s"
VOLATILE = {"attemptDuration": SPAN, "retryTime": MOMENT, "scheduleTime": MOMENT}
SECRETS = ("secret-body", "secret-header", "secret-password", "Bearer")


def entries(up, queue):
    """What has been logged of a queue's tasks: (task id, operation, its fields, target type of the resource)."""
    found = []
    written, _, _ = up.stderr.rpartition("\n")  # the last line may be under way
    for line in written.splitlines():
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        payload = entry["jsonPayload"]
        (operation,) = payload.keys() - {"@type", "task"}
        if payload["task"].startswith(f"{queue}/tasks/"):
            labels = entry["resource"]["labels"]
            found.append((payload["task"].rpartition("/")[2], operation, payload[operation], labels["target_type"]))
    return found


def shown(fields):
    """The fields, with what differs from run to run replaced by its name if its form is right."""
    return {
        name: name if re.fullmatch(VOLATILE.get(name, "\0"), str(value)) else value for name, value in fields.items()
    }


def documented(operation):
    """The fields that the documentation lists for an operation."""
    rows = table_rows(text_of("docs/logs.md"), "field", "in", "meaning")
    return {
        name
        for name, places, _ in rows
        if places == "all" or any(place in operation.lower() for place in places.split(", "))
    }


def create(client, queue, task_id, url):
    request = {"url": url, "body": "c2VjcmV0LWJvZHk=", "headers": {"X-Key": "secret-header"}}
    client.create_task(parent=queue, task={"name": f"{queue}/tasks/{task_id}", "httpRequest": request})


def test_a_retried_task_is_logged_step_by_step(client, make_queue, recorder, up):
    retry = {"maxAttempts": 3, "minBackoff": "0.010s", "maxBackoff": "0.010s"}
    queue = make_queue(stackdriverLoggingConfig={"samplingRatio": 1}, retryConfig=retry)
    recorder.script("t", 503, 200)
    url = recorder.url.replace("://", "://user:secret-password@")
    create(client, queue, "t", url)
    eventually(lambda: len(entries(up, queue)) == 5)
    target = {"targetAddress": f"POST {recorder.url}", "targetType": "HTTP", "scheduleTime": "scheduleTime"}
    first = target | {"dispatchCount": "1", "responseCount": "0", "maxAttempts": 3}
    second = first | {"dispatchCount": "2", "responseCount": "1"}
    ended = {"attemptDuration": "attemptDuration"}
    logged = [(task_id, operation, shown(fields), kind) for task_id, operation, fields, kind in entries(up, queue)]
    assert logged == [
        ("t", "taskCreationLog", target | {"status": "OK"}, "HTTP"),
        ("t", "attemptDispatchLog", first | {"status": "OK"}, "HTTP"),
        ("t", "attemptResponseLog", first | ended | {"status": "UNAVAILABLE", "retryTime": "retryTime"}, "HTTP"),
        ("t", "attemptDispatchLog", second | {"status": "OK"}, "HTTP"),
        ("t", "attemptResponseLog", second | ended | {"status": "OK"}, "HTTP"),
    ]
    assert not any(secret in up.stderr for secret in SECRETS)
    for operation in ("taskCreationLog", "attemptDispatchLog", "attemptResponseLog"):
        fields = {name for _, logged, fields, _ in entries(up, queue) if logged == operation for name in fields}
        assert fields == documented(operation), operation


def test_the_retry_time_is_that_of_the_next_attempt(client, make_queue, recorder, up):
    retry = {"minBackoff": "100s", "maxBackoff": "100s"}
    queue = make_queue(stackdriverLoggingConfig={"samplingRatio": 1}, retryConfig=retry)
    recorder.script("t", 500)
    create(client, queue, "t", recorder.url)
    eventually(lambda: len(entries(up, queue)) == 3)
    logged = entries(up, queue)[-1][2]
    (task,) = client.list_tasks(parent=queue)
    apart_us = microseconds(task.get("scheduleTime") or task["schedule_time"]) - microseconds(logged["retryTime"])
    assert abs(apart_us) < 50 * SECOND, "a dispatcher tells it before the store has set it, from the same back-off"


def test_refused_creations_are_logged(client, make_queue, up):
    queue = make_queue(stackdriverLoggingConfig={"samplingRatio": 1})
    client.pause_queue(name=queue)
    create(client, queue, "t", "http://127.0.0.1:1/")
    for task_id, url in (("t", "http://127.0.0.1:1/"), ("u", "ftp://127.0.0.1")):
        try:
            create(client, queue, task_id, url)
        except CallError:
            continue
        raise AssertionError("it was created")
    logged = [(task_id, operation, fields["status"]) for task_id, operation, fields, _ in entries(up, queue)]
    assert logged == [
        ("t", "taskCreationLog", "OK"),
        ("t", "taskCreationLog", "ALREADY_EXISTS"),
        ("u", "taskCreationLog", "INVALID_ARGUMENT"),
    ]


def test_of_a_task_there_are_all_lines_or_none(client, make_queue, recorder, up):
    queue = make_queue(stackdriverLoggingConfig={"samplingRatio": 0.5})
    ids = {str(number) for number in range(20)}
    sampled = {task_id for task_id in ids if is_sampled(TaskName.parse(f"{queue}/tasks/{task_id}"), 0.5)}
    assert sampled not in (set(), ids)
    for task_id in ids:
        create(client, queue, task_id, recorder.url)
    eventually(lambda: not client.list_tasks(parent=queue))
    eventually(lambda: len(entries(up, queue)) == 3 * len(sampled))
    assert {task_id for task_id, *_ in entries(up, queue)} == sampled


def test_the_ratio_can_be_changed(client, make_queue, recorder, up):
    queue = make_queue()
    create(client, queue, "before", recorder.url)
    eventually(lambda: not client.list_tasks(parent=queue))
    for ratio, task_id in ((1, "during"), (0, "after")):
        client.update_queue(queue={"name": queue, "stackdriverLoggingConfig": {"samplingRatio": ratio}})
        create(client, queue, task_id, recorder.url)
        eventually(lambda: not client.list_tasks(parent=queue))
    eventually(lambda: len(entries(up, queue)) == 3)
    assert {task_id for task_id, *_ in entries(up, queue)} == {"during"}
