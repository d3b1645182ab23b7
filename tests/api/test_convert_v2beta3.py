from dataclasses import replace
from typing import Any

import pytest
from google.cloud.tasks_v2beta3 import types
from google.protobuf import json_format

from broker.api import convert_v2beta3 as convert
from broker.errors import Code, HeadraceError
from broker.model.names import QueueName
from broker.model.queue import PULL_RATE_LIMITS, Queue, QueueKind, QueueStats
from broker.model.retry import RetryConfig
from broker.model.routing import HttpTarget, UriOverride
from broker.model.task import (
    AppEngineHttpRequest,
    AppEngineRouting,
    Attempt,
    HttpMethod,
    HttpRequest,
    PullMessage,
    Task,
    View,
)
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, QueueDraft, TaskDraft

NAME = QueueName("P", "L", "Q")
FRESH = {
    "name": "projects/P/locations/L/queues/Q",
    "rateLimits": {"maxDispatchesPerSecond": 500, "maxBurstSize": 100, "maxConcurrentDispatches": 1000},
    "retryConfig": {"maxAttempts": 100, "maxDoublings": 16, "minBackoff": "0.100s", "maxBackoff": "3600s"},
    "state": "RUNNING",
    "type": "PUSH",
    "taskTtl": "2678400s",
    "tombstoneTtl": "3600s",
}
ROUTING = AppEngineRouting("s", "v", host="v.s.P.appspot.com")


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, {}),
        ({"sampling_ratio": 0.5}, {"stackdriverLoggingConfig": {"samplingRatio": 0.5}}),
        ({"task_ttl_us": 864_000_500_000, "tombstone_ttl_us": 0}, {"taskTtl": "864000.500s", "tombstoneTtl": "0s"}),
        (
            {"app_engine_routing": ROUTING},
            {
                "appEngineHttpQueue": {
                    "appEngineRoutingOverride": {"service": "s", "version": "v", "host": "v.s.P.appspot.com"}
                }
            },
        ),
        (
            {"http_target": HttpTarget(UriOverride(host="h")), "app_engine_routing": ROUTING},
            {
                "httpTarget": {"uriOverride": {"host": "h", "uriOverrideEnforceMode": "ALWAYS"}},
                "appEngineHttpQueue": {
                    "appEngineRoutingOverride": {"service": "s", "version": "v", "host": "v.s.P.appspot.com"}
                },
            },
        ),
    ],
)
def test_a_queue_is_shown(changes: dict[str, Any], shown: dict[str, Any]) -> None:
    message = convert.queue_message(Queue(NAME, **changes))
    assert json_format.MessageToDict(message) == FRESH | shown


@pytest.mark.parametrize(
    ("stats", "shown"),
    [
        (QueueStats(0, None, 0, 500.0), {"effectiveExecutionRate": 500.0}),
        (
            QueueStats(3, 1_700_000_000_000_001, 2, 0.25),
            {
                "tasksCount": "3",
                "oldestEstimatedArrivalTime": "2023-11-14T22:13:20.000001Z",
                "concurrentDispatchesCount": "2",
                "effectiveExecutionRate": 0.25,
            },
        ),
    ],
)
def test_statistics_are_shown(stats: QueueStats, shown: dict[str, Any]) -> None:
    message = convert.queue_message(Queue(NAME), stats)
    assert json_format.MessageToDict(message) == FRESH | {"stats": shown}


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({}, QueueDraft()),
        ({"stats": {"tasksCount": "5"}, "state": "PAUSED"}, QueueDraft()),
        ({"type": "PULL"}, QueueDraft(kind=QueueKind.PULL)),
        (
            {"type": "PUSH", "taskTtl": "1s", "tombstoneTtl": "0s"},
            QueueDraft("", kind=QueueKind.PUSH, task_ttl_us=10**6, tombstone_ttl_us=0),
        ),
        ({"appEngineHttpQueue": {}}, QueueDraft()),
        (
            {"appEngineHttpQueue": {"appEngineRoutingOverride": {"service": "s", "host": "h"}}},
            QueueDraft(app_engine_routing=AppEngineRouting("s")),
        ),
        (
            {"rateLimits": {"maxBurstSize": 7, "maxDispatchesPerSecond": 5, "maxConcurrentDispatches": 3}},
            QueueDraft(max_burst_size=7, max_dispatches_per_second=5, max_concurrent_dispatches=3),
        ),
        ({"retryConfig": {"maxAttempts": -1, "minBackoff": "1s"}}, QueueDraft(max_attempts=-1, min_backoff_us=10**6)),
        ({"stackdriverLoggingConfig": {"samplingRatio": 1}}, QueueDraft(sampling_ratio=1.0)),
    ],
)
def test_a_queue_is_read(value: dict[str, Any], draft: QueueDraft) -> None:
    assert convert.read_queue(json_format.ParseDict(value, types.Queue.pb()())) == draft


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(HeadraceError) as caught:
        convert.read_queue(types.Queue.pb()(type_=9))
    assert caught.value.code is Code.INVALID_ARGUMENT
    kind = "type.googleapis.com/google.cloud.tasks.v2beta3.Queue.Type"
    assert caught.value.message == f"Invalid value at 'queue.type' ({kind}), 9"


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({}, TaskDraft()),
        ({"pullMessage": {"tag": "t"}}, TaskDraft()),
        (
            {
                "httpRequest": {"url": "u", "body": "AA=="},
                "dispatchDeadline": "20s",
                "scheduleTime": "1970-01-01T00:00:01Z",
            },
            TaskDraft(
                http_request=HttpRequestDraft("u", body=b"\0"), schedule_us=10**6, dispatch_deadline_us=20 * 10**6
            ),
        ),
        (
            {"appEngineHttpRequest": {"relativeUri": "/u", "body": "AA=="}, "retryConfig": {"maxAttempts": 2}},
            TaskDraft(
                app_engine_request=AppEngineRequestDraft("/u", body=b"\0"), retry_config=RetryConfig(max_attempts=2)
            ),
        ),
    ],
)
def test_a_task_is_read(value: dict[str, Any], draft: TaskDraft) -> None:
    assert convert.read_task(json_format.ParseDict(value, types.Task.pb()())) == draft


def test_a_task_is_shown() -> None:
    task = Task(
        NAME.task("T"),
        AppEngineHttpRequest("/u", HttpMethod.PUT, (("A", "b"),), b"\0"),
        1_000_000,
        1_999_999,
        dispatch_deadline_us=20_000_000,
        dispatch_count=2,
        response_count=1,
        first_attempt=Attempt(1),
        last_attempt=Attempt(dispatch_us=2, response_us=3, http_status=503),
    )
    message = convert.task_message(task)
    assert isinstance(message, types.Task.pb())
    assert json_format.MessageToDict(message) == {
        "name": "projects/P/locations/L/queues/Q/tasks/T",
        "appEngineHttpRequest": {
            "httpMethod": "PUT",
            "appEngineRouting": {},
            "relativeUri": "/u",
            "headers": {"A": "b"},
            "body": "AA==",
        },
        "scheduleTime": "1970-01-01T00:00:01Z",
        "createTime": "1970-01-01T00:00:01Z",
        "dispatchDeadline": "20s",
        "dispatchCount": 2,
        "responseCount": 1,
        "firstAttempt": {"dispatchTime": "1970-01-01T00:00:00.000001Z"},
        "lastAttempt": {
            "dispatchTime": "1970-01-01T00:00:00.000002Z",
            "responseTime": "1970-01-01T00:00:00.000003Z",
            "responseStatus": {"code": 14, "message": "UNAVAILABLE(14): HTTP status code 503"},
        },
        "view": "FULL",
    }
    plain = replace(task, request=HttpRequest("http://t/"), view=View.BASIC, retry_config=RetryConfig(3))
    shown = json_format.MessageToDict(convert.task_message(plain))
    assert (shown["httpRequest"], shown["view"]) == ({"url": "http://t/", "httpMethod": "POST"}, "BASIC")
    assert shown["retryConfig"] == FRESH["retryConfig"] | {"maxAttempts": 3}


def test_a_pull_task_is_shown() -> None:
    task = Task(NAME.task("t"), PullMessage(b"\0", b"x"), 5_000_000, 1_000_000, None, 3)
    shown = json_format.MessageToDict(convert.task_message(task))
    assert (shown["pullMessage"], shown["dispatchCount"]) == ({"payload": "AA==", "tag": "x"}, 3)
    assert "dispatchDeadline" not in shown


def test_a_pull_queue_is_shown() -> None:
    shown = json_format.MessageToDict(convert.queue_message(Queue(NAME, PULL_RATE_LIMITS, kind=QueueKind.PULL)))
    assert (shown["type"], shown["rateLimits"]["maxConcurrentDispatches"]) == ("PULL", -1)
