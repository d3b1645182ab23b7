"""Cloud Tasks v2beta3 messages <-> the model: v2 with types, lifetimes and statistics of queues. Pure."""

from collections.abc import Mapping
from typing import Any

from google.cloud.tasks_v2beta3 import types

from broker.api.convert_queues import (
    beta_fields,
    logging_fields,
    queue_fields,
    read_beta_fields,
    read_queue_fields,
    read_rates,
    read_sampling_ratio,
)
from broker.api.convert_routing import app_engine_routing_fields, read_app_engine_routing
from broker.api.convert_tasks import write_dispatch, write_pull_message, write_task
from broker.api.convert_v2 import read_task
from broker.api.enums import read_enum
from broker.model.queue import Queue, QueueKind, QueueStats
from broker.model.task import Task
from broker.service.drafts import QueueDraft

__all__ = ["QUEUE_PATHS", "queue_message", "read_queue", "read_task", "task_message"]

QUEUE_PATHS: Mapping[str, str] = {
    "app_engine_http_queue.app_engine_routing_override": "app_engine_routing_override",
    "app_engine_http_queue": "app_engine_routing_override",
}
"""Path of a field in a queue mask -> the path that the service knows it by."""

_Queue, _Task = types.Queue.pb(), types.Task.pb()
_KINDS = {0: None, 1: QueueKind.PULL, 2: QueueKind.PUSH}


def read_queue(queue: Any) -> QueueDraft:
    """What a caller wants a queue to be. Output-only fields are ignored."""
    return QueueDraft(
        **read_queue_fields(queue),
        **read_rates(queue.rate_limits),
        **read_beta_fields(queue),
        kind=read_enum(queue, "type_", _KINDS, "queue.type"),
        app_engine_routing=read_app_engine_routing(queue.app_engine_http_queue.app_engine_routing_override),
        sampling_ratio=read_sampling_ratio(queue),
    )


def queue_message(queue: Queue, stats: QueueStats | None = None) -> Any:
    """A queue as callers see it."""
    routing = queue.app_engine_routing
    return _Queue(
        **queue_fields(queue),
        **beta_fields(queue, stats),
        type_=queue.kind.value,
        app_engine_http_queue=routing and {"app_engine_routing_override": app_engine_routing_fields(routing)},
        stackdriver_logging_config=logging_fields(queue),
    )


def task_message(task: Task) -> Any:
    """A task as callers see it."""
    message = _Task()
    write_task(message, task)
    write_pull_message(message, task)
    write_dispatch(message, task)
    return message
