"""Cloud Tasks v2 messages <-> the model. Pure; the messages are google-cloud-tasks' own classes.

Whatever a proto3 scalar cannot tell from unset (0, "") counts as not given (section 2.3).
"""

import re
from collections.abc import Iterable
from typing import Any

from google.cloud.tasks_v2 import types

from broker.api.attempt_status import attempt_status
from broker.api.convert_v2_requests import read_app_engine_request, read_http_request, set_request
from broker.api.convert_v2_routing import (
    app_engine_routing_message,
    http_target_message,
    read_app_engine_routing,
    read_http_target,
)
from broker.api.enums_v2 import unknown_enum
from broker.api.moments import duration, read_duration_us, read_timestamp_us, timestamp
from broker.model.queue import Queue
from broker.model.retry import RetryConfig
from broker.model.task import Attempt, Task, View
from broker.service.drafts import QueueDraft, TaskDraft

_Queue, _Task, _Attempt = types.Queue.pb(), types.Task.pb(), types.Attempt.pb()
_RateLimits, _RetryConfig = types.RateLimits.pb(), types.RetryConfig.pb()
_LoggingConfig = types.StackdriverLoggingConfig.pb()

_VIEWS = {0: View.BASIC, 1: View.BASIC, 2: View.FULL}
_CAPITAL = re.compile(r"[A-Z]")


def read_view(number: int) -> View:
    """The view asked for; BASIC if unspecified."""
    if number not in _VIEWS:
        raise unknown_enum("response_view", "Task.View", number)
    return _VIEWS[number]


def read_mask(paths: Iterable[str]) -> list[str]:
    """The paths of a field mask in snake case; camel case is accepted."""
    return [_CAPITAL.sub(lambda letter: "_" + letter[0].lower(), path.strip()) for path in paths]


def read_queue(queue: Any) -> QueueDraft:
    """What a caller wants a queue to be. Output-only fields, the burst size among them, are ignored."""
    limits, retry, where = queue.rate_limits, queue.retry_config, "queue.retry_config"
    logged = queue.HasField("stackdriver_logging_config")
    return QueueDraft(
        name=queue.name,
        max_dispatches_per_second=limits.max_dispatches_per_second or None,
        max_concurrent_dispatches=limits.max_concurrent_dispatches or None,
        max_attempts=retry.max_attempts or None,
        max_retry_duration_us=read_duration_us(retry, "max_retry_duration", f"{where}.max_retry_duration"),
        min_backoff_us=read_duration_us(retry, "min_backoff", f"{where}.min_backoff"),
        max_backoff_us=read_duration_us(retry, "max_backoff", f"{where}.max_backoff"),
        max_doublings=retry.max_doublings or None,
        http_target=read_http_target(queue.http_target),
        app_engine_routing=read_app_engine_routing(queue.app_engine_routing_override),
        sampling_ratio=queue.stackdriver_logging_config.sampling_ratio if logged else None,
    )


def read_task(task: Any) -> TaskDraft:
    """What a caller wants a task to be. Output-only fields are ignored."""
    kind = task.WhichOneof("message_type")
    is_http, is_app_engine = kind == "http_request", kind == "app_engine_http_request"
    return TaskDraft(
        name=task.name,
        http_request=read_http_request(task.http_request) if is_http else None,
        app_engine_request=read_app_engine_request(task.app_engine_http_request) if is_app_engine else None,
        schedule_us=read_timestamp_us(task, "schedule_time", "task.schedule_time"),
        dispatch_deadline_us=read_duration_us(task, "dispatch_deadline", "task.dispatch_deadline"),
        retry_config=_read_task_retry(task.retry_config) if task.HasField("retry_config") else None,
    )


def queue_message(queue: Queue) -> Any:
    """A queue as callers see it, defaults filled in (section 2.12)."""
    limits = queue.rate_limits
    message = _Queue(
        name=str(queue.name),
        state=_Queue.State.Value(queue.state.value),
        rate_limits=_RateLimits(
            max_dispatches_per_second=limits.max_dispatches_per_second,
            max_burst_size=limits.max_burst_size,
            max_concurrent_dispatches=limits.max_concurrent_dispatches,
        ),
        retry_config=_retry_message(queue.retry_config),
        http_target=queue.http_target and http_target_message(queue.http_target),
        app_engine_routing_override=queue.app_engine_routing and app_engine_routing_message(queue.app_engine_routing),
    )
    if queue.purge_time_us is not None:
        message.purge_time.CopyFrom(timestamp(queue.purge_time_us))
    if queue.sampling_ratio:
        message.stackdriver_logging_config.CopyFrom(_LoggingConfig(sampling_ratio=queue.sampling_ratio))
    return message


def task_message(task: Task) -> Any:
    """A task as callers see it: creation in whole seconds, the rest to the microsecond."""
    deadline_us = task.dispatch_deadline_us
    message = _Task(
        name=str(task.name),
        schedule_time=timestamp(task.schedule_us),
        create_time=timestamp(task.create_us // 1_000_000 * 1_000_000),
        dispatch_deadline=None if deadline_us is None else duration(deadline_us),
        dispatch_count=task.dispatch_count,
        response_count=task.response_count,
        first_attempt=task.first_attempt and _Attempt(dispatch_time=timestamp(task.first_attempt.dispatch_us)),
        last_attempt=task.last_attempt and _attempt_message(task.last_attempt),
        view=_Task.View.Value(task.view.value),
        retry_config=task.retry_config and _retry_message(task.retry_config),
    )
    set_request(message, task.request)
    return message


def _read_task_retry(retry: Any) -> RetryConfig:
    """Replaces the queue's configuration as a whole: what is not given takes its default, not the queue's."""
    default = RetryConfig()

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


def _retry_message(retry: RetryConfig) -> Any:
    longest_us = retry.max_retry_duration_us
    return _RetryConfig(
        max_attempts=retry.max_attempts,
        max_retry_duration=duration(longest_us) if longest_us else None,
        min_backoff=duration(retry.min_backoff_us),
        max_backoff=duration(retry.max_backoff_us),
        max_doublings=retry.max_doublings,
    )


def _attempt_message(attempt: Attempt) -> Any:
    answered = attempt.response_us is not None
    return _Attempt(
        schedule_time=None if attempt.schedule_us is None else timestamp(attempt.schedule_us),
        dispatch_time=timestamp(attempt.dispatch_us),
        response_time=None if attempt.response_us is None else timestamp(attempt.response_us),
        response_status=attempt_status(attempt.http_status) if answered else None,
    )
