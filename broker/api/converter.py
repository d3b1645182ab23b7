"""What the versions of Cloud Tasks differ in."""

from collections.abc import Mapping
from typing import Any, Protocol

from broker.model.queue import Queue, QueueStats
from broker.model.task import Task
from broker.service.drafts import QueueDraft, TaskDraft


class Converter(Protocol):
    """What differs between the versions: the messages of queues and tasks. Modules `convert_v2` and so on."""

    QUEUE_PATHS: Mapping[str, str]

    def read_queue(self, queue: Any) -> QueueDraft:
        """What a caller wants a queue to be."""

    def read_task(self, task: Any) -> TaskDraft:
        """What a caller wants a task to be."""

    def queue_message(self, queue: Queue, stats: QueueStats | None, /) -> Any:
        """A queue as callers see it."""

    def task_message(self, task: Task) -> Any:
        """A task as callers see it."""
