"""What a task is called alike in the versions of Cloud Tasks <-> the model. Pure.

A module for each version, `convert_v2` and so on, makes whole messages of it.
"""

from typing import Any

from broker.api.attempt_status import attempt_status
from broker.api.convert_queues import retry_fields
from broker.api.convert_requests import (
    app_engine_request_fields,
    http_request_fields,
    read_app_engine_request,
    read_http_request,
)
from broker.api.moments import duration, read_duration_us, read_timestamp_us, timestamp
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, Attempt, PullMessage, Task


def read_task_fields(task: Any, *, uri: str = "relative_uri", body: str = "body") -> dict[str, Any]:
    """Fields of a draft: name, request, time. Output-only fields are ignored.

    `uri` and `body` are what the version calls these parts of App Engine requests.
    """
    app_engine = task.app_engine_http_request
    is_app_engine = task.HasField("app_engine_http_request")
    return {
        "name": task.name,
        "http_request": read_http_request(task.http_request) if task.HasField("http_request") else None,
        "app_engine_request": read_app_engine_request(app_engine, uri=uri, body=body) if is_app_engine else None,
        "schedule_us": read_timestamp_us(task, "schedule_time", "task.schedule_time"),
    }


def read_deadline_us(task: Any) -> int | None:
    """The dispatch deadline that a caller wants, None if not given."""
    return read_duration_us(task, "dispatch_deadline", "task.dispatch_deadline")


def read_task_retry(task: Any) -> RetryConfig | None:
    """A task's own retry configuration, None if not given.

    It replaces the queue's as a whole: what it does not say takes its default, not the queue's value.
    """
    if not task.HasField("retry_config"):
        return None
    retry, default = task.retry_config, RetryConfig()

    def span_us(field: str, default_us: int) -> int:
        given_us = read_duration_us(retry, field, f"task.retry_config.{field}")
        return default_us if given_us is None else given_us

    return RetryConfig(
        max_attempts=retry.max_attempts or default.max_attempts,
        max_retry_duration_us=span_us("max_retry_duration", default.max_retry_duration_us),
        min_backoff_us=span_us("min_backoff", default.min_backoff_us),
        max_backoff_us=span_us("max_backoff", default.max_backoff_us),
        max_doublings=retry.max_doublings or default.max_doublings,
    )


def task_fields(task: Task, *, uri: str = "relative_uri", body: str = "body") -> dict[str, Any]:
    """A task as callers see it: creation in whole seconds, the rest to the microsecond."""
    request = task.request
    fields: dict[str, Any] = {
        "name": str(task.name),
        "schedule_time": timestamp(task.schedule_us),
        "create_time": timestamp(task.create_us // 1_000_000 * 1_000_000),
        "view": task.view.value,
    }
    if isinstance(request, AppEngineHttpRequest):
        return fields | {"app_engine_http_request": app_engine_request_fields(request, uri=uri, body=body)}
    if isinstance(request, PullMessage):
        return fields  # v2 has no words for it
    return fields | {"http_request": http_request_fields(request)}


def read_pull_message(task: Any) -> PullMessage | None:
    """What a worker is to get, None if not given."""
    message = task.pull_message
    return PullMessage(message.payload, message.tag.encode()) if task.HasField("pull_message") else None


def pull_message_fields(task: Task) -> dict[str, Any]:
    """What a worker gets of a pull task. A tag that is no text, as App Engine's may be, shows as far as it is."""
    message = task.request
    if not isinstance(message, PullMessage):
        return {}
    return {"pull_message": {"payload": message.body, "tag": message.tag.decode(errors="replace")}}


def dispatch_fields(task: Task) -> dict[str, Any]:
    """How a task is and was dispatched, as all versions but v2beta2 show it."""
    deadline_us = task.dispatch_deadline_us
    return {
        "dispatch_deadline": None if deadline_us is None else duration(deadline_us),
        "dispatch_count": task.dispatch_count,
        "response_count": task.response_count,
        "first_attempt": first_attempt_fields(task),
        "last_attempt": last_attempt_fields(task),
        "retry_config": task.retry_config and retry_fields(task.retry_config),
    }


def first_attempt_fields(task: Task) -> dict[str, Any] | None:
    """When a task was dispatched for the first time, None if it was not."""
    return {"dispatch_time": timestamp(task.first_attempt.dispatch_us)} if task.first_attempt else None


def last_attempt_fields(task: Task) -> dict[str, Any] | None:
    """The last dispatch of a task, None if there was none."""
    return _attempt_fields(task.last_attempt) if task.last_attempt else None


def _attempt_fields(attempt: Attempt) -> dict[str, Any]:
    answered = attempt.response_us is not None
    return {
        "schedule_time": None if attempt.schedule_us is None else timestamp(attempt.schedule_us),
        "dispatch_time": timestamp(attempt.dispatch_us),
        "response_time": None if attempt.response_us is None else timestamp(attempt.response_us),
        "response_status": attempt_status(attempt.http_status) if answered else None,
    }
