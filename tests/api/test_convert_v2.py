from dataclasses import replace
from typing import Any

import pytest
from google.cloud.tasks_v2 import types
from google.protobuf import json_format

from broker.api import convert_v2 as convert
from broker.api.attempt_status import attempt_status
from broker.api.enums import read_view
from broker.api.masks import snake_paths
from broker.errors import Code, HeadraceError
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueState
from broker.model.retry import RetryConfig
from broker.model.task import (
    AppEngineHttpRequest,
    AppEngineRouting,
    Attempt,
    HttpMethod,
    HttpRequest,
    OauthToken,
    OidcToken,
    Task,
    View,
)
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, HttpTargetDraft, QueueDraft, TaskDraft

NAME = QueueName("P", "L", "Q")
TASK = Task(
    name=NAME.task("T"),
    request=HttpRequest("http://target/", headers=(("User-Agent", "Google-Cloud-Tasks"),)),
    schedule_us=1_700_000_000_123_456,
    create_us=1_700_000_000_999_999,
    view=View.BASIC,
)


def queue_draft(value: dict[str, Any]) -> QueueDraft:
    return convert.read_queue(json_format.ParseDict(value, types.Queue.pb()()))


def task_draft(value: dict[str, Any]) -> TaskDraft:
    return convert.read_task(json_format.ParseDict(value, types.Task.pb()()))


def test_a_fresh_queue_looks_like_the_documented_answer() -> None:
    assert json_format.MessageToDict(convert.queue_message(Queue(NAME))) == {
        "name": "projects/P/locations/L/queues/Q",
        "rateLimits": {
            "maxDispatchesPerSecond": 500,
            "maxBurstSize": 100,
            "maxConcurrentDispatches": 1000,
        },
        "retryConfig": {
            "maxAttempts": 100,
            "maxDoublings": 16,
            "minBackoff": "0.100s",
            "maxBackoff": "3600s",
        },
        "state": "RUNNING",
    }


def test_a_queue_shows_what_was_set() -> None:
    queue = Queue(
        NAME,
        retry_config=RetryConfig(max_retry_duration_us=5_000_000),
        state=QueueState.PAUSED,
        purge_time_us=1_700_000_000_000_001,
        sampling_ratio=0.5,
    )
    shown = json_format.MessageToDict(convert.queue_message(queue))
    assert shown["retryConfig"]["maxRetryDuration"] == "5s"
    assert shown["state"] == "PAUSED"
    assert shown["purgeTime"] == "2023-11-14T22:13:20.000001Z"
    assert shown["stackdriverLoggingConfig"] == {"samplingRatio": 0.5}


def test_a_fresh_task_looks_like_the_documented_answer() -> None:
    assert json_format.MessageToDict(convert.task_message(TASK)) == {
        "name": "projects/P/locations/L/queues/Q/tasks/T",
        "httpRequest": {
            "url": "http://target/",
            "httpMethod": "POST",
            "headers": {"User-Agent": "Google-Cloud-Tasks"},
        },
        "scheduleTime": "2023-11-14T22:13:20.123456Z",
        "createTime": "2023-11-14T22:13:20Z",
        "dispatchDeadline": "600s",
        "view": "BASIC",
    }


def test_an_app_engine_task_shows_no_deadline_that_was_not_set() -> None:
    request = AppEngineHttpRequest("/u", HttpMethod.GET, routing=AppEngineRouting("s", host="s.P.appspot.com"))
    shown = json_format.MessageToDict(convert.task_message(replace(TASK, request=request, dispatch_deadline_us=None)))
    assert "dispatchDeadline" not in shown
    assert shown["appEngineHttpRequest"] == {
        "httpMethod": "GET",
        "relativeUri": "/u",
        "appEngineRouting": {"service": "s", "host": "s.P.appspot.com"},
    }


def test_a_task_shows_its_token() -> None:
    request = HttpRequest("http://target/", oauth_token=OauthToken("e", "s"))
    shown = json_format.MessageToDict(convert.task_message(replace(TASK, request=request)))
    assert shown["httpRequest"]["oauthToken"] == {"serviceAccountEmail": "e", "scope": "s"}


def test_a_task_shows_its_own_retry_configuration() -> None:
    retry = RetryConfig(-1, 1_500_000, 10_000, 20_000, 0)
    shown = json_format.MessageToDict(convert.task_message(replace(TASK, retry_config=retry)))
    assert shown["retryConfig"] == {
        "maxAttempts": -1,
        "maxRetryDuration": "1.500s",
        "minBackoff": "0.010s",
        "maxBackoff": "0.020s",
    }


def test_a_tried_task_shows_its_attempts() -> None:
    tried = replace(
        TASK,
        dispatch_count=2,
        response_count=1,
        first_attempt=Attempt(dispatch_us=1_000_001),
        last_attempt=Attempt(dispatch_us=2_000_000, schedule_us=1_500_000, response_us=3_000_000, http_status=503),
    )
    shown = json_format.MessageToDict(convert.task_message(tried))
    assert (shown["dispatchCount"], shown["responseCount"]) == (2, 1)
    assert shown["firstAttempt"] == {"dispatchTime": "1970-01-01T00:00:01.000001Z"}
    assert shown["lastAttempt"] == {
        "scheduleTime": "1970-01-01T00:00:01.500Z",
        "dispatchTime": "1970-01-01T00:00:02Z",
        "responseTime": "1970-01-01T00:00:03Z",
        "responseStatus": {"code": 14, "message": "UNAVAILABLE(14): HTTP status code 503"},
    }


def test_an_attempt_in_flight_has_no_status() -> None:
    shown = convert.task_message(replace(TASK, last_attempt=Attempt(dispatch_us=1)))
    assert not shown.last_attempt.HasField("response_status")
    assert not shown.last_attempt.HasField("schedule_time")


@pytest.mark.parametrize(
    ("http_status", "text"),
    [
        (0, "UNKNOWN(2): HTTP status code 0"),
        (302, "UNKNOWN(2): HTTP status code 302"),
        (400, "INVALID_ARGUMENT(3): HTTP status code 400"),
        (401, "UNAUTHENTICATED(16): HTTP status code 401"),
        (403, "PERMISSION_DENIED(7): HTTP status code 403"),
        (404, "NOT_FOUND(5): HTTP status code 404"),
        (409, "ABORTED(10): HTTP status code 409"),
        (418, "UNKNOWN(2): HTTP status code 418"),
        (429, "RESOURCE_EXHAUSTED(8): HTTP status code 429"),
        (499, "CANCELLED(1): HTTP status code 499"),
        (500, "INTERNAL(13): HTTP status code 500"),
        (501, "UNIMPLEMENTED(12): HTTP status code 501"),
        (502, "UNKNOWN(2): HTTP status code 502"),
        (503, "UNAVAILABLE(14): HTTP status code 503"),
        (504, "DEADLINE_EXCEEDED(4): HTTP status code 504"),
    ],
)
def test_the_status_of_an_attempt(http_status: int, text: str) -> None:
    status = attempt_status(http_status)
    assert status.message == text
    assert f"({status.code})" in text


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({}, QueueDraft()),
        ({"name": "n", "state": "PAUSED", "rateLimits": {"maxBurstSize": -1}}, QueueDraft(name="n")),
        (
            {"rateLimits": {"maxDispatchesPerSecond": 0.25, "maxConcurrentDispatches": -1}},
            QueueDraft(max_dispatches_per_second=0.25, max_concurrent_dispatches=-1),
        ),
        (
            {"retryConfig": {"maxAttempts": -1, "maxDoublings": 3, "minBackoff": "0s", "maxBackoff": "0.000001s"}},
            QueueDraft(max_attempts=-1, max_doublings=3, min_backoff_us=0, max_backoff_us=1),
        ),
        ({"retryConfig": {"maxRetryDuration": "-1.5s"}}, QueueDraft(max_retry_duration_us=-1_500_000)),
        ({"stackdriverLoggingConfig": {}}, QueueDraft(sampling_ratio=0.0)),
        ({"httpTarget": {}, "appEngineRoutingOverride": {}}, QueueDraft()),
        (
            {"httpTarget": {"httpMethod": "GET"}, "appEngineRoutingOverride": {"service": "s", "host": "h"}},
            QueueDraft(http_target=HttpTargetDraft(method=HttpMethod.GET), app_engine_routing=AppEngineRouting("s")),
        ),
    ],
)
def test_a_queue_is_read(value: dict[str, Any], draft: QueueDraft) -> None:
    assert queue_draft(value) == draft


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({}, TaskDraft()),
        ({"name": "n", "createTime": "2020-01-01T00:00:00Z", "dispatchCount": 5}, TaskDraft(name="n")),
        ({"scheduleTime": "1970-01-01T00:00:01.0000019Z"}, TaskDraft(schedule_us=1_000_001)),
        ({"dispatchDeadline": "20.001s"}, TaskDraft(dispatch_deadline_us=20_001_000)),
        ({"httpRequest": {}}, TaskDraft(http_request=HttpRequestDraft())),
        (
            {
                "httpRequest": {
                    "url": "u",
                    "httpMethod": "PUT",
                    "headers": {"X-a": "b"},
                    "body": "AAE=",
                    "oidcToken": {"serviceAccountEmail": "e", "audience": "a"},
                }
            },
            TaskDraft(
                http_request=HttpRequestDraft("u", HttpMethod.PUT, (("X-a", "b"),), b"\0\1", OidcToken("e", "a"))
            ),
        ),
        ({"retryConfig": {"maxAttempts": 3}}, TaskDraft(retry_config=RetryConfig(max_attempts=3))),
        ({"retryConfig": {"minBackoff": "0s"}}, TaskDraft(retry_config=RetryConfig(min_backoff_us=0))),
        (
            {"httpRequest": {"oauthToken": {"serviceAccountEmail": "e", "scope": "s"}}},
            TaskDraft(http_request=HttpRequestDraft(oauth_token=OauthToken("e", "s"))),
        ),
        ({"appEngineHttpRequest": {}}, TaskDraft(app_engine_request=AppEngineRequestDraft())),
        (
            {
                "appEngineHttpRequest": {
                    "httpMethod": "PUT",
                    "appEngineRouting": {"service": "s", "version": "v", "instance": "i", "host": "h"},
                    "relativeUri": "/u",
                    "headers": {"X-a": "b"},
                    "body": "AAE=",
                }
            },
            TaskDraft(
                app_engine_request=AppEngineRequestDraft(
                    "/u", HttpMethod.PUT, (("X-a", "b"),), b"\0\1", AppEngineRouting("s", "v", "i")
                )
            ),
        ),
    ],
)
def test_a_task_is_read(value: dict[str, Any], draft: TaskDraft) -> None:
    assert task_draft(value) == draft


@pytest.mark.parametrize(
    "task",
    [
        {"http_request": {"http_method": 99}},
        {"app_engine_http_request": {"http_method": 99}},
        {"schedule_time": {"seconds": 2**62}},
        {"schedule_time": {"nanos": -1}},
        {"dispatch_deadline": {"seconds": 1, "nanos": -1}},
        {"dispatch_deadline": {"seconds": 2**62}},
        {"retry_config": {"min_backoff": {"nanos": 2**30}}},
    ],
)
def test_what_no_json_can_say_is_refused(task: dict[str, Any]) -> None:
    with pytest.raises(HeadraceError, match=r"Invalid value at 'task\.") as caught:
        convert.read_task(types.Task.pb()(**task))
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(("number", "view"), [(0, View.BASIC), (1, View.BASIC), (2, View.FULL)])
def test_a_view_is_read(number: int, view: View) -> None:
    assert read_view(types.GetTaskRequest.pb()(response_view=number)) is view


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(HeadraceError, match=r"Invalid value at 'response_view' .*Task\.View\), 7"):
        read_view(types.GetTaskRequest.pb()(response_view=7))


def test_a_mask_is_read_in_either_case() -> None:
    paths = ["rateLimits.maxDispatchesPerSecond", "retry_config", " name"]
    assert snake_paths(paths) == ["rate_limits.max_dispatches_per_second", "retry_config", "name"]
