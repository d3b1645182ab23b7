"""Cloud Tasks v2beta2 messages <-> the model: other names, and one target a queue. Pure.

A queue with both kinds of routing, which the other versions can give it, shows that of HTTP tasks here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from google.cloud.tasks_v2beta2 import types

from broker.api.convert_queues import (
    beta_fields,
    queue_fields,
    rate_fields,
    read_beta_fields,
    read_queue_fields,
    read_rates,
    retry_fields,
)
from broker.api.convert_routing import app_engine_routing_fields, read_app_engine_routing
from broker.api.convert_tasks import (
    read_common_fields,
    read_pull_message,
    write_attempt,
    write_pull_message,
    write_task,
)
from broker.api.moments import write_time
from broker.model.leased_task import LeasedTask
from broker.model.queue import Queue, QueueKind, QueueStats
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.model.task import PullMessage, Task
from broker.service.drafts import QueueDraft, TaskDraft

QUEUE_PATHS: Mapping[str, str] = {
    "app_engine_http_target.app_engine_routing_override": "app_engine_routing_override",
    "app_engine_http_target": "app_engine_routing_override",
    "pull_target": "type",
    "rate_limits.max_tasks_dispatched_per_second": "rate_limits.max_dispatches_per_second",
    "rate_limits.max_concurrent_tasks": "rate_limits.max_concurrent_dispatches",
    "retry_config.unlimited_attempts": "retry_config.max_attempts",
}
"""Path of a field in a queue mask -> the path that the service knows it by."""

_RATES = {"rate": "max_tasks_dispatched_per_second", "concurrency": "max_concurrent_tasks"}
_APP_ENGINE = {"uri": "relative_url", "body": "payload"}
_Queue, _Task = types.Queue.pb(), types.Task.pb()
_LeaseTasksResponse = types.LeaseTasksResponse.pb()


def read_queue(queue: Any) -> QueueDraft:
    """What a caller wants a queue to be. Output-only fields are ignored."""
    unlimited = {"max_attempts": UNLIMITED_ATTEMPTS} if queue.retry_config.unlimited_attempts else {}
    return QueueDraft(
        **read_queue_fields(queue) | unlimited,
        **read_rates(queue.rate_limits, **_RATES),
        **read_beta_fields(queue),
        kind=QueueKind.PULL if queue.HasField("pull_target") else None,
        app_engine_routing=read_app_engine_routing(queue.app_engine_http_target.app_engine_routing_override),
    )


def read_task(task: Any) -> TaskDraft:
    """What a caller wants a task to be. Output-only fields are ignored."""
    draft = read_common_fields(task, **_APP_ENGINE)
    draft.pull_message = read_pull_message(task)
    return draft


def queue_message(queue: Queue, stats: QueueStats | None = None) -> Any:
    """A queue as callers see it."""
    fields = queue_fields(queue) | {
        "rate_limits": rate_fields(queue.rate_limits, **_RATES),
        "retry_config": _retry_fields(queue.retry_config),
    }
    return _Queue(**fields, **beta_fields(queue, stats), **_other_target(queue))


def task_message(task: Task) -> Any:
    """A task as callers see it. It has neither a deadline nor a retry configuration here.

    Of the attempts of a pull task only their number is known (section 2.6).
    """
    message = _Task()
    write_task(message, task, **_APP_ENGINE)
    write_pull_message(message, task)
    status = message.status
    status.attempt_dispatch_count, status.attempt_response_count = task.dispatch_count, task.response_count
    if isinstance(task.request, PullMessage):
        return message
    if task.first_attempt:
        write_time(status.first_attempt_status.dispatch_time, task.first_attempt.dispatch_us)
    if task.last_attempt:
        write_attempt(status.last_attempt_status, task.last_attempt)
    return message


def leased_tasks_message(tasks: Iterable[LeasedTask]) -> Any:
    """The answer to LeaseTasks, with tasks of one queue. Each is as `task_message` makes it, in half the time."""
    response = _LeaseTasksResponse()
    names = ""
    for task in tasks:
        names = names or f"{task.queue}/tasks/"
        message = response.tasks.add()
        message.name, message.view = names + task.task_id, task.view
        write_time(message.schedule_time, task.schedule_us)
        message.create_time.seconds = task.create_us // 1_000_000
        pull = message.pull_message
        pull.payload, pull.tag = task.body, task.tag.decode(errors="replace")
        message.status.attempt_dispatch_count = task.dispatch_count
    return response


def _retry_fields(retry: RetryConfig) -> dict[str, Any]:
    fields = retry_fields(retry)
    if retry.max_attempts == UNLIMITED_ATTEMPTS:
        del fields["max_attempts"]
        fields["unlimited_attempts"] = True
    return fields


def _other_target(queue: Queue) -> dict[str, Any]:
    """The target of a queue without routing of HTTP tasks. Push queues have one even if it says nothing."""
    if queue.http_target:
        return {}
    if queue.kind is QueueKind.PULL:
        return {"pull_target": {}}
    routing = queue.app_engine_routing
    return {"app_engine_http_target": {"app_engine_routing_override": routing and app_engine_routing_fields(routing)}}
