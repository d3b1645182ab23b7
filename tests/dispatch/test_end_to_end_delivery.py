"""What a target receives, and when, of a task that the official client has created."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.client import CallError
from tests.support.recorder import Answer
from tests.support.rest import microseconds
from tests.support.waiting import eventually

SLOW_RETRY = {"minBackoff": "100s", "maxBackoff": "300s", "maxDoublings": 3}
QUICK_RETRY = {"minBackoff": "0.010s", "maxBackoff": "0.010s"}


def short_id(name):
    return name.rpartition("/")[2]


def is_gone(client, name):
    try:
        client.get_task(name=name)
    except CallError as error:
        return error.kind == "NotFound"
    return False


def failed_task(client, name, attempts):
    """The task, once so many attempts have been answered."""

    def look():
        task = client.get_task(name=name, responseView="FULL")
        return task if task["responseCount"] == attempts else None

    return eventually(look)


def interval_us(task, since):
    """From a moment of the last attempt to the next one."""
    return microseconds(task["scheduleTime"]) - microseconds(task["lastAttempt"][since])


def test_a_task_arrives_as_it_was_created(client, make_queue, recorder):
    queue = make_queue()
    body = bytes(range(256))
    headers = {
        "Content-Type": "text/x-odd",
        "x-lower-case": "one",
        "X-Kept-Casing": "two",
        "User-Agent": "mine",
        "Host": "elsewhere.test",
        "Content-Length": "7",
        "Connection": "close",
        "X-Google-Thing": "x",
        "X-AppEngine-Thing": "x",
        "X-CloudTasks-TaskRetryCount": "77",
    }
    request = {
        "url": f"{recorder.url}/path?query=1",
        "httpMethod": "PUT",
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }
    created = client.create_task(parent=queue, task={"name": f"{queue}/tasks/first", "httpRequest": request})
    (got,) = recorder.wait_for(short_id(queue), 1)
    assert (got.method, got.path, got.body) == ("PUT", "/path?query=1", body)
    seconds, micros = divmod(microseconds(created["scheduleTime"]), 1_000_000)
    assert sorted(got.headers) == sorted(
        [
            ("Host", f"127.0.0.1:{recorder.port}"),
            ("Content-Length", "256"),
            ("User-Agent", "Google-Cloud-Tasks"),
            ("Content-Type", "text/x-odd"),
            ("x-lower-case", "one"),
            ("X-Kept-Casing", "two"),
            ("X-CloudTasks-QueueName", short_id(queue)),
            ("X-CloudTasks-TaskName", "first"),
            ("X-CloudTasks-TaskRetryCount", "0"),
            ("X-CloudTasks-TaskExecutionCount", "0"),
            ("X-CloudTasks-TaskETA", f"{seconds}.{micros:06d}"),
        ]
    )
    eventually(lambda: is_gone(client, created["name"]))


def test_a_task_without_body_or_headers(client, make_queue, recorder):
    queue = make_queue()
    client.create_task(parent=queue, task={"httpRequest": {"url": recorder.url, "httpMethod": "GET"}})
    (got,) = recorder.wait_for(short_id(queue), 1)
    assert (got.method, got.path, got.body) == ("GET", "/", b"")
    ours = ("QueueName", "TaskName", "TaskRetryCount", "TaskExecutionCount", "TaskETA")
    assert {name for name, _ in got.headers} == {"Host", "User-Agent", *(f"X-CloudTasks-{name}" for name in ours)}


def test_the_sequence_that_was_recorded_at_google(client, make_queue, recorder):
    """The table of the specification's section 5.2."""
    queue = make_queue(retryConfig=QUICK_RETRY)
    recorder.script("sequence", 503, 404, 429, 500, 302, 200)
    name = f"{queue}/tasks/sequence"
    client.create_task(parent=queue, task={"name": name, "httpRequest": {"url": recorder.url}})
    shown = [
        tuple(
            request.header(f"X-CloudTasks-{header}")
            for header in ("TaskRetryCount", "TaskExecutionCount", "TaskPreviousResponse", "TaskRetryReason")
        )
        for request in recorder.wait_for(short_id(queue), 6)
    ]
    assert shown == [
        ("0", "0", None, None),
        ("1", "0", "503", ""),
        ("2", "1", "404", ""),
        ("3", "2", "429", ""),
        ("4", "2", "500", ""),
        ("5", "3", "302", ""),
    ]
    eventually(lambda: is_gone(client, name))
    with pytest.raises(CallError, match="existed too recently"):
        client.create_task(parent=queue, task={"name": name, "httpRequest": {"url": recorder.url}})


def test_back_off_doubles_up_to_its_limit(client, make_queue, recorder):
    queue = make_queue(retryConfig=SLOW_RETRY)
    recorder.script("t", 500)
    name = f"{queue}/tasks/t"
    client.create_task(parent=queue, task={"name": name, "httpRequest": {"url": recorder.url}})
    assert interval_us(failed_task(client, name, 1), "responseTime") == 100_000_000
    for attempt, seconds in ((2, 200), (3, 300), (4, 300)):
        client.run_task(name=name)
        task = failed_task(client, name, attempt)
        assert interval_us(task, "dispatchTime") == seconds * 1_000_000  # a forced attempt counts from RunTask
        assert task["dispatchCount"] == attempt
        assert task["lastAttempt"]["responseStatus"]["message"] == "INTERNAL(13): HTTP status code 500"


@pytest.mark.parametrize(("asked_s", "given_s"), [(50, 100), (250, 250), (5000, 300)])
def test_retry_after_puts_the_next_attempt_off(client, make_queue, recorder, asked_s, given_s):
    queue = make_queue(retryConfig=SLOW_RETRY)
    recorder.script("t", Answer(429, {"Retry-After": str(asked_s)}))
    name = f"{queue}/tasks/t"
    client.create_task(parent=queue, task={"name": name, "httpRequest": {"url": recorder.url}})
    assert interval_us(failed_task(client, name, 1), "responseTime") == given_s * 1_000_000


def test_a_task_is_given_up_after_its_last_attempt(client, make_queue, recorder):
    queue = make_queue(retryConfig=QUICK_RETRY | {"maxAttempts": 3})
    recorder.script("t", 500)
    recorder.script("own", 500)
    request = {"url": recorder.url}
    client.create_task(parent=queue, task={"name": f"{queue}/tasks/t", "httpRequest": request})
    own = {"name": f"{queue}/tasks/own", "httpRequest": request, "retryConfig": QUICK_RETRY | {"maxAttempts": 2}}
    client.create_task(parent=queue, task=own)
    for task_id, attempts in (("t", 3), ("own", 2)):
        eventually(lambda task_id=task_id: is_gone(client, f"{queue}/tasks/{task_id}"))
        assert [got.task for got in recorder.received()].count(task_id) == attempts


def test_a_target_that_is_not_there_is_tried_again(client, make_queue, recorder):
    queue = make_queue(retryConfig=SLOW_RETRY)
    name = f"{queue}/tasks/t"
    client.create_task(parent=queue, task={"name": name, "httpRequest": {"url": "http://127.0.0.1:1/"}})

    def refused():
        task = client.get_task(name=name)
        return task if "responseTime" in task.get("lastAttempt", {}) else None

    task = eventually(refused)
    assert (task["dispatchCount"], task["responseCount"]) == (1, 0)
    assert task["lastAttempt"]["responseStatus"]["message"] == "UNKNOWN(2): HTTP status code 0"
    assert interval_us(task, "responseTime") == 100_000_000


def test_a_scheduled_task_waits_for_its_time(client, make_queue, recorder):
    queue = make_queue(retryConfig=SLOW_RETRY)
    moment = datetime.now(UTC) + timedelta(seconds=2)
    recorder.script("later", 500)
    for task_id, fields in (("later", {"scheduleTime": moment.isoformat()}), ("now", {})):
        task = {"name": f"{queue}/tasks/{task_id}", "httpRequest": {"url": recorder.url}, **fields}
        client.create_task(parent=queue, task=task)
    task = failed_task(client, f"{queue}/tasks/later", 1)
    assert microseconds(task["firstAttempt"]["dispatchTime"]) >= microseconds(moment.isoformat())
    assert microseconds(task["lastAttempt"]["scheduleTime"]) == microseconds(moment.isoformat())
    eta = {got.task: got.header("X-CloudTasks-TaskETA") for got in recorder.received()}
    assert eta["later"] == f"{int(moment.timestamp())}.{moment.microsecond:06d}"
    assert [got.task for got in recorder.received()] == ["now", "later"]
