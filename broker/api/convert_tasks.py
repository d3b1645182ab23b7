"""What a task is called alike in the versions of Cloud Tasks <-> the model. Pure.

A module for each version, `convert_v2` and so on, makes whole messages of it.
"""

from typing import Any

from broker.api.attempt_status import attempt_status
from broker.api.convert_queues import retry_fields
from broker.api.convert_requests import (
    read_app_engine_request,
    read_http_request,
    write_app_engine_request,
    write_http_request,
)
from broker.api.moments import read_duration_us, read_timestamp_us, write_time
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, Attempt, HttpRequest, PullMessage, Task
from broker.service.drafts import TaskDraft


def read_common_fields(task: Any, *, uri: str = "relative_uri", body: str = "body") -> TaskDraft:
    """A draft with name, request and time. Output-only fields are ignored.

    `uri` and `body` are what the version calls these parts of App Engine requests.
    """
    draft = TaskDraft(task.name, schedule_us=read_timestamp_us(task, "schedule_time", "task.schedule_time"))
    if task.HasField("http_request"):
        draft.http_request = read_http_request(task.http_request)
    elif task.HasField("app_engine_http_request"):
        draft.app_engine_request = read_app_engine_request(task.app_engine_http_request, uri=uri, body=body)
    return draft


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


def write_task(message: Any, task: Task, *, uri: str = "relative_uri", body: str = "body") -> None:
    """Fill in a task as callers see it: creation in whole seconds, the rest to the microsecond.

    Field by field, which takes a third of the time that the message's constructor needs for fields of fields.
    """
    request = task.request
    message.name, message.view = str(task.name), task.view
    write_time(message.schedule_time, task.schedule_us)
    message.create_time.seconds = task.create_us // 1_000_000
    if isinstance(request, HttpRequest):
        write_http_request(message.http_request, request)
    elif isinstance(request, AppEngineHttpRequest):
        write_app_engine_request(message.app_engine_http_request, request, uri=uri, body=body)


def read_pull_message(task: Any) -> PullMessage | None:
    """What a worker is to get, None if not given."""
    message = task.pull_message
    return PullMessage(message.payload, message.tag.encode()) if task.HasField("pull_message") else None


def write_pull_message(message: Any, task: Task) -> None:
    """Fill in what a worker gets of a task. A tag that is no text, as App Engine's may be, shows as far as it is."""
    request = task.request
    if isinstance(request, PullMessage):
        pull = message.pull_message
        pull.payload, pull.tag = request.body, request.tag.decode(errors="replace")


def write_dispatch(message: Any, task: Task) -> None:
    """Fill in how a task is and was dispatched, as all versions but v2beta2 show it."""
    if task.dispatch_deadline_us is not None:
        write_time(message.dispatch_deadline, task.dispatch_deadline_us)
    message.dispatch_count, message.response_count = task.dispatch_count, task.response_count
    if task.first_attempt:
        write_time(message.first_attempt.dispatch_time, task.first_attempt.dispatch_us)
    if task.last_attempt:
        write_attempt(message.last_attempt, task.last_attempt)
    if task.retry_config:
        message.retry_config.MergeFrom(type(message.retry_config)(**retry_fields(task.retry_config)))


def write_attempt(message: Any, attempt: Attempt) -> None:
    """Fill in one dispatch of a task."""
    write_time(message.dispatch_time, attempt.dispatch_us)
    if attempt.schedule_us is not None:
        write_time(message.schedule_time, attempt.schedule_us)
    if attempt.response_us is not None:
        write_time(message.response_time, attempt.response_us)
        message.response_status.MergeFrom(attempt_status(attempt.http_status))
