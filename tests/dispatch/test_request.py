from typing import Any

import pytest

from broker.model.task import HttpMethod, HttpRequest
from worker.request import Delivery, OutgoingRequest, http_shape, request_of

ATTEMPT: dict[str, Any] = {
    "task_id": "my-task",
    "schedule_us": 1_721_236_265_266_817,
    "retry_count": 0,
    "execution_count": 0,
    "previous_status": None,
}


def built(
    *headers: tuple[str, str], authorization: str | None = None, method: HttpMethod = HttpMethod.POST, **changes: Any
) -> OutgoingRequest:
    """The request of a task with these headers, in an attempt with these changes."""
    request = HttpRequest("https://service.example/run", method, headers, b"work")
    shape = http_shape(request, "my-queue", 600_000_000, authorization)
    return request_of(shape, Delivery(**ATTEMPT | changes), request.body)


def sent_headers(*headers: tuple[str, str], authorization: str | None = None) -> list[tuple[str, str]]:
    """What becomes of a task's own headers."""
    sent = built(*headers, authorization=authorization).headers
    return [(name, value) for name, value in sent if not name.startswith(("X-CloudTasks-", "User-Agent"))]


def test_the_first_attempt() -> None:
    request = built(("Content-Type", "text/plain"))
    assert (request.shape.method, request.shape.url, request.body) == ("POST", "https://service.example/run", b"work")
    assert request.shape.deadline_us == 600_000_000
    assert request.headers == [
        ("User-Agent", "Google-Cloud-Tasks"),
        ("Content-Type", "text/plain"),
        ("X-CloudTasks-QueueName", "my-queue"),
        ("X-CloudTasks-TaskName", "my-task"),
        ("X-CloudTasks-TaskRetryCount", "0"),
        ("X-CloudTasks-TaskExecutionCount", "0"),
        ("X-CloudTasks-TaskETA", "1721236265.266817"),
    ]


# The sequence recorded at Google's service: answers 503, 404, 429, 500, 302 (specification, 5.2).
@pytest.mark.parametrize(
    ("retry_count", "execution_count", "previous"),
    [(1, 0, 503), (2, 1, 404), (3, 2, 429), (4, 2, 500), (5, 3, 302), (6, 3, 504), (7, 3, 0)],
)
def test_a_retry_tells_about_the_attempt_before(retry_count: int, execution_count: int, previous: int) -> None:
    changes = {"retry_count": retry_count, "execution_count": execution_count, "previous_status": previous}
    headers = built(**changes).headers
    assert headers[-5:] == [
        ("X-CloudTasks-TaskRetryCount", str(retry_count)),
        ("X-CloudTasks-TaskExecutionCount", str(execution_count)),
        ("X-CloudTasks-TaskETA", "1721236265.266817"),
        ("X-CloudTasks-TaskPreviousResponse", str(previous)),
        ("X-CloudTasks-TaskRetryReason", ""),
    ]


def test_a_retry_after_an_unknown_outcome_claims_nothing_about_it() -> None:
    headers = dict(built(retry_count=1).headers)
    assert "X-CloudTasks-TaskPreviousResponse" not in headers
    assert headers["X-CloudTasks-TaskRetryReason"] == ""


@pytest.mark.parametrize(
    ("schedule_us", "text"),
    [(0, "0.000000"), (1_700_000_000_000_000, "1700000000.000000"), (1_700_000_000_000_001, "1700000000.000001")],
)
def test_the_eta_has_six_decimals(schedule_us: int, text: str) -> None:
    headers = dict(built(schedule_us=schedule_us).headers)
    assert headers["X-CloudTasks-TaskETA"] == text


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Length", "User-Agent", "X-Google-Anything", "X-AppEngine-QueueName"),
        *("X-CloudTasks-QueueName", "X-CLOUDTASKS-Other", "Connection", "Transfer-Encoding", "Upgrade"),
        *("TE", "Keep-Alive", "Proxy-Authorization", "Expect", "hOsT"),
        *("", "Two Words", "Host:", "Transfer-Encoding: chunked\r\nX", "Ünicode"),
    ],
)
def test_headers_a_task_cannot_set(name: str) -> None:
    assert sent_headers((name, "mine"), ("Kept", "1")) == [("Kept", "1")]


@pytest.mark.parametrize("name", ["Content-Type", "accept-encoding", "Cookie", "X-Googly", "Authorization"])
def test_headers_a_task_can_set_keep_their_casing(name: str) -> None:
    assert sent_headers((name, "mine")) == [(name, "mine")]


def test_of_names_that_differ_in_case_the_last_one_wins() -> None:
    assert sent_headers(("content-type", "a"), ("Other", "b"), ("Content-Type", "c")) == [
        ("Content-Type", "c"),
        ("Other", "b"),
    ]


def test_a_token_replaces_the_tasks_own_authorization() -> None:
    assert sent_headers(("authorization", "Basic x"), authorization="Bearer y") == [("Authorization", "Bearer y")]


def test_a_value_cannot_begin_a_new_header() -> None:
    assert sent_headers(("Note", "a\r\nHost: b\0\tc")) == [("Note", "a  Host: b \tc")]


def test_every_method_goes_out_by_its_name() -> None:
    for method in HttpMethod:
        assert built(method=method).shape.method == method.value
