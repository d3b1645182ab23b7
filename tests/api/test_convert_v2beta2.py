from typing import Any

import pytest
from google.cloud.tasks_v2beta2 import types
from google.protobuf import json_format

from broker.api import convert_v2beta2 as convert
from broker.model.leased_task import LeasedTask
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind, QueueStats
from broker.model.retry import RetryConfig
from broker.model.routing import HttpTarget, UriOverride
from broker.model.task import AppEngineHttpRequest, AppEngineRouting, Attempt, HttpRequest, PullMessage, Task, View
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, HttpTargetDraft, QueueDraft, TaskDraft

NAME = QueueName("P", "L", "Q")
FRESH = {
    "name": "projects/P/locations/L/queues/Q",
    "rateLimits": {"maxTasksDispatchedPerSecond": 500, "maxBurstSize": 100, "maxConcurrentTasks": 1000},
    "retryConfig": {"maxAttempts": 100, "maxDoublings": 16, "minBackoff": "0.100s", "maxBackoff": "3600s"},
    "state": "RUNNING",
    "taskTtl": "2678400s",
    "tombstoneTtl": "3600s",
}
PUSH = {"appEngineHttpTarget": {}}
ROUTING = AppEngineRouting("s", host="s.P.appspot.com")


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, PUSH),
        ({"sampling_ratio": 0.5}, PUSH),
        (
            {"retry_config": RetryConfig(max_attempts=-1)},
            PUSH
            | {
                "retryConfig": {
                    "unlimitedAttempts": True,
                    "maxDoublings": 16,
                    "minBackoff": "0.100s",
                    "maxBackoff": "3600s",
                }
            },
        ),
        (
            {"app_engine_routing": ROUTING},
            {"appEngineHttpTarget": {"appEngineRoutingOverride": {"service": "s", "host": "s.P.appspot.com"}}},
        ),
        (
            {"http_target": HttpTarget(UriOverride(host="h")), "app_engine_routing": ROUTING},
            {"httpTarget": {"uriOverride": {"host": "h", "uriOverrideEnforceMode": "ALWAYS"}}},
        ),
        ({"kind": QueueKind.PULL}, {"pullTarget": {}}),
    ],
)
def test_a_queue_is_shown(changes: dict[str, Any], shown: dict[str, Any]) -> None:
    message = convert.queue_message(Queue(NAME, **changes))
    assert json_format.MessageToDict(message) == FRESH | shown


def test_statistics_are_shown() -> None:
    message = convert.queue_message(Queue(NAME), QueueStats(1, 1_000_000, 0, 5.0))
    assert json_format.MessageToDict(message)["stats"] == {
        "tasksCount": "1",
        "oldestEstimatedArrivalTime": "1970-01-01T00:00:01Z",
        "effectiveExecutionRate": 5.0,
    }


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({}, QueueDraft()),
        ({"pullTarget": {}}, QueueDraft(kind=QueueKind.PULL)),
        ({"appEngineHttpTarget": {}}, QueueDraft()),
        (
            {"appEngineHttpTarget": {"appEngineRoutingOverride": {"version": "v"}}},
            QueueDraft(app_engine_routing=AppEngineRouting(version="v")),
        ),
        ({"httpTarget": {"uriOverride": {"host": "h"}}}, QueueDraft(http_target=HttpTargetDraft(host="h"))),
        (
            {"rateLimits": {"maxTasksDispatchedPerSecond": 5, "maxConcurrentTasks": 3, "maxBurstSize": 7}},
            QueueDraft(max_dispatches_per_second=5, max_concurrent_dispatches=3, max_burst_size=7),
        ),
        ({"retryConfig": {"maxAttempts": 3}}, QueueDraft(max_attempts=3)),
        ({"retryConfig": {"unlimitedAttempts": True}}, QueueDraft(max_attempts=-1)),
        ({"retryConfig": {"unlimitedAttempts": False}}, QueueDraft()),
        ({"taskTtl": "1s", "tombstoneTtl": "2s"}, QueueDraft(task_ttl_us=10**6, tombstone_ttl_us=2 * 10**6)),
    ],
)
def test_a_queue_is_read(value: dict[str, Any], draft: QueueDraft) -> None:
    assert convert.read_queue(json_format.ParseDict(value, types.Queue.pb()())) == draft


@pytest.mark.parametrize(
    ("value", "draft"),
    [
        ({"status": {"attemptDispatchCount": 3}}, TaskDraft()),
        ({"httpRequest": {"url": "u"}}, TaskDraft(http_request=HttpRequestDraft("u"))),
        ({"pullMessage": {}}, TaskDraft(pull_message=PullMessage())),
        (
            {"pullMessage": {"payload": "AA==", "tag": "カ"}},
            TaskDraft(pull_message=PullMessage(b"\0", "カ".encode())),
        ),
        (
            {"appEngineHttpRequest": {"relativeUrl": "/u", "payload": "AA=="}, "scheduleTime": "1970-01-01T00:00:01Z"},
            TaskDraft(app_engine_request=AppEngineRequestDraft("/u", body=b"\0"), schedule_us=10**6),
        ),
    ],
)
def test_a_task_is_read(value: dict[str, Any], draft: TaskDraft) -> None:
    assert convert.read_task(json_format.ParseDict(value, types.Task.pb()())) == draft


def test_a_pull_task_is_shown_without_times_of_attempts() -> None:
    request, attempt = PullMessage(b"\0", "カ".encode() + b"\xff"), Attempt(1_000_000, 2_000_000)
    task = Task(NAME.task("t"), request, 5_000_000, 1_000_000, None, 3, first_attempt=attempt, last_attempt=attempt)
    assert json_format.MessageToDict(convert.task_message(task)) == {
        "name": str(task.name),
        "pullMessage": {"payload": "AA==", "tag": "カ\ufffd"},
        "scheduleTime": "1970-01-01T00:00:05Z",
        "createTime": "1970-01-01T00:00:01Z",
        "status": {"attemptDispatchCount": 3},
        "view": "FULL",
    }


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (HttpRequest("http://t/"), {"httpRequest": {"url": "http://t/", "httpMethod": "POST"}}),
        (
            AppEngineHttpRequest("/u", body=b"\0"),
            {
                "appEngineHttpRequest": {
                    "httpMethod": "POST",
                    "appEngineRouting": {},
                    "relativeUrl": "/u",
                    "payload": "AA==",
                }
            },
        ),
    ],
)
def test_a_task_is_shown(request_: Any, shown: dict[str, Any]) -> None:
    task = Task(
        NAME.task("T"),
        request_,
        1_000_000,
        1_999_999,
        dispatch_count=2,
        response_count=1,
        first_attempt=Attempt(1),
        last_attempt=Attempt(dispatch_us=2, response_us=3, http_status=503),
        retry_config=RetryConfig(),
        view=View.BASIC,
    )
    assert json_format.MessageToDict(convert.task_message(task)) == shown | {
        "name": "projects/P/locations/L/queues/Q/tasks/T",
        "scheduleTime": "1970-01-01T00:00:01Z",
        "createTime": "1970-01-01T00:00:01Z",
        "view": "BASIC",
        "status": {
            "attemptDispatchCount": 2,
            "attemptResponseCount": 1,
            "firstAttemptStatus": {"dispatchTime": "1970-01-01T00:00:00.000001Z"},
            "lastAttemptStatus": {
                "dispatchTime": "1970-01-01T00:00:00.000002Z",
                "responseTime": "1970-01-01T00:00:00.000003Z",
                "responseStatus": {"code": 14, "message": "UNAVAILABLE(14): HTTP status code 503"},
            },
        },
    }


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize(("body", "tag"), [(b"", b""), (b"body", b"tag"), (b"\xff", b"\xff\xfe")])
def test_leased_tasks_are_shown_as_each_of_them_would_be(view: View, body: bytes, tag: bytes) -> None:
    shared = (view, body, tag, 1_700_000_000_999_999)
    tasks = [
        LeasedTask(NAME, "a", *shared, 1_700_000_100_000_001, 1, 1_700_000_000_000_002, 5, 1_700_000_000_000_003, None),
        LeasedTask(NAME, "b", *shared, 1_700_000_200_000_000, 2**31 - 1, 7, 5, 8, RetryConfig(max_attempts=3)),
    ]
    shown = convert.leased_tasks_message(tasks)
    assert list(shown.tasks) == [convert.task_message(task.task()) for task in tasks]
    assert shown.SerializeToString(deterministic=True) == types.LeaseTasksResponse.pb(
        types.LeaseTasksResponse(tasks=[convert.task_message(task.task()) for task in tasks])
    ).SerializeToString(deterministic=True)


def test_an_empty_lease_is_shown() -> None:
    assert convert.leased_tasks_message([]) == types.LeaseTasksResponse.pb()()
