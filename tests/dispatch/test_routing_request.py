"""The request of an App Engine task: host, headers, and what it tells about the attempts before (5.3, 5.7)."""

from typing import Any

import pytest

from broker.model.task import AppEngineHttpRequest, HttpMethod
from worker.request import Delivery, OutgoingRequest, app_engine_shape, request_of

OURS = "AppEngine-Google; (+http://code.google.com/appengine)"
ATTEMPT: dict[str, Any] = {
    "task_id": "my-task",
    "schedule_us": 1_721_236_265_266_817,
    "retry_count": 0,
    "execution_count": 0,
    "previous_status": None,
}


def built(*headers: tuple[str, str], **changes: Any) -> OutgoingRequest:
    request = AppEngineHttpRequest("/run?x=1", HttpMethod.PUT, headers, b"work")
    delivery = Delivery(**ATTEMPT | changes)
    places = {"host": "mail.p.appspot.com", "default_host": "p.appspot.com"}
    base_url = "http://target:8080/base"
    shape = app_engine_shape(request, "my-queue", 600_000_000, base_url=base_url, ticket="ticket", **places)
    return request_of(shape, delivery, request.body)


def test_the_first_attempt() -> None:
    request = built(("Content-Type", "text/plain"), ("User-Agent", f"mine {OURS}"), ("Content-Length", "4"))
    assert (request.shape.method, request.shape.url, request.body) == (
        "PUT",
        "http://target:8080/base/run?x=1",
        b"work",
    )
    assert request.shape.deadline_us == 600_000_000
    assert request.headers == [
        ("Host", "mail.p.appspot.com"),
        ("User-Agent", f"mine {OURS}"),
        ("Content-Type", "text/plain"),
        ("X-AppEngine-Country", "ZZ"),
        ("X-AppEngine-User-IP", "0.1.0.2"),
        ("X-AppEngine-API-Ticket", "ticket"),
        ("X-AppEngine-Default-Version-Hostname", "p.appspot.com"),
        ("X-AppEngine-QueueName", "my-queue"),
        ("X-AppEngine-TaskName", "my-task"),
        ("X-AppEngine-TaskRetryCount", "0"),
        ("X-AppEngine-TaskExecutionCount", "0"),
        ("X-AppEngine-TaskETA", "1721236265.266817"),
    ]


@pytest.mark.parametrize(
    ("status", "shown", "reason"),
    [
        (404, "404", "App Error"),
        (503, "503", "App Error"),
        (302, "302", "App Error"),
        (504, "0", "Instance Unavailable"),
        (0, "0", "Instance Unavailable"),
    ],
)
def test_a_retry_tells_about_the_attempt_before(status: int, shown: str, reason: str) -> None:
    headers = built(retry_count=2, execution_count=1, previous_status=status).headers
    assert headers[-5:] == [
        ("X-AppEngine-TaskRetryCount", "2"),
        ("X-AppEngine-TaskExecutionCount", "1"),
        ("X-AppEngine-TaskETA", "1721236265.266817"),
        ("X-AppEngine-TaskPreviousResponse", shown),
        ("X-AppEngine-TaskRetryReason", reason),
    ]


@pytest.mark.parametrize(
    "name", ["Host", "X-AppEngine-QueueName", "x-appengine-other", "X-Google-A", "X-CloudTasks-A", "Connection"]
)
def test_headers_a_task_cannot_set(name: str) -> None:
    assert [value for _, value in built((name, "mine")).headers if value == "mine"] == []


def test_authorization_passes_as_it_was_given() -> None:
    assert ("Authorization", "Basic x") in built(("Authorization", "Basic x")).headers


@pytest.mark.parametrize(
    "name", ["X-AppEngine-Current-Namespace", "X-AppEngine-Default-Namespace", "x-appengine-failfast"]
)
def test_reserved_headers_that_a_task_can_set(name: str) -> None:
    assert (name, "mine") in built((name, "mine")).headers


def test_a_repeated_header_is_sent_as_often() -> None:
    given = (("X-Own", "1"), ("x-own", "2"), ("X-Own", "1"))
    assert [header for header in built(*given).headers if header[0].lower() == "x-own"] == list(given)
