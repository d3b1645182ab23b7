"""Cloud Tasks v2 messages <-> the model. Pure; the messages are google-cloud-tasks' own classes."""

from collections.abc import Mapping
from typing import Any

from google.cloud.tasks_v2 import types

from broker.api.convert_queues import (
    logging_fields,
    queue_fields,
    read_queue_fields,
    read_rates,
    read_sampling_ratio,
)
from broker.api.convert_routing import app_engine_routing_fields, read_app_engine_routing
from broker.api.convert_tasks import (
    read_common_fields,
    read_deadline_us,
    read_task_retry,
    write_dispatch,
    write_task,
)
from broker.model.queue import Queue, QueueStats
from broker.model.task import Task
from broker.service.drafts import QueueDraft, TaskDraft

QUEUE_PATHS: Mapping[str, str] = {}
"""Paths of queue masks are those that the service knows."""

_Queue, _Task = types.Queue.pb(), types.Task.pb()


def read_queue(queue: Any) -> QueueDraft:
    """What a caller wants a queue to be. Output-only fields, the burst size among them, are ignored."""
    return QueueDraft(
        **read_queue_fields(queue),
        **read_rates(queue.rate_limits),
        app_engine_routing=read_app_engine_routing(queue.app_engine_routing_override),
        sampling_ratio=read_sampling_ratio(queue),
    )


def read_task(task: Any) -> TaskDraft:
    """What a caller wants a task to be. Output-only fields are ignored."""
    draft = read_common_fields(task)
    draft.dispatch_deadline_us, draft.retry_config = read_deadline_us(task), read_task_retry(task)
    return draft


def queue_message(queue: Queue, _stats: QueueStats | None = None) -> Any:
    """A queue as callers see it; never with statistics."""
    routing = queue.app_engine_routing
    return _Queue(
        **queue_fields(queue),
        app_engine_routing_override=routing and app_engine_routing_fields(routing),
        stackdriver_logging_config=logging_fields(queue),
    )


def task_message(task: Task) -> Any:
    """A task as callers see it."""
    message = _Task()
    write_task(message, task)
    write_dispatch(message, task)
    return message
