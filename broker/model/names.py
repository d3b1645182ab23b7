"""Resource names: projects/P/locations/L/queues/Q/tasks/T, and the operations of a location.

Patterns and lengths: Cloud Tasks specification, section 1.1. `parse` answers None for text that is not
such a name; which error that makes depends on the call, so it is decided by the service. Names are tuples because each
creation of a task makes some and looks up more.
"""

import re
import secrets
from typing import NamedTuple

_PROJECT = r"[A-Za-z0-9\-:.]{1,63}"
_LOCATION = r"[A-Za-z0-9\-]{1,63}"
_QUEUE_ID = r"[A-Za-z0-9\-]{1,100}"
_TASK_ID = r"[A-Za-z0-9\-_]{1,500}"
_OPERATION_ID = r"[A-Za-z0-9\-_.]{1,100}"

_location_pattern = re.compile(rf"projects/({_PROJECT})/locations/({_LOCATION})")
_queue_pattern = re.compile(rf"projects/({_PROJECT})/locations/({_LOCATION})/queues/({_QUEUE_ID})")
_task_shape = re.compile(rf"(projects/{_PROJECT}/locations/{_LOCATION}/queues/{_QUEUE_ID})/tasks/([^/]*)")
_task_id_pattern = re.compile(_TASK_ID)
_operation_pattern = re.compile(rf"projects/({_PROJECT})/locations/({_LOCATION})/operations/({_OPERATION_ID})")


class LocationName(NamedTuple):
    """A place that holds queues. Locations are not created; any well-formed one exists."""

    project: str
    location: str

    @classmethod
    def parse(cls, text: str) -> "LocationName | None":
        """The location that `text` names, or None."""
        match = _location_pattern.fullmatch(text)
        return cls(*match.groups()) if match else None

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


class QueueName(NamedTuple):
    """The full name of a queue."""

    project: str
    location: str
    queue_id: str

    @classmethod
    def parse(cls, text: str) -> "QueueName | None":
        """The queue that `text` names, or None."""
        match = _queue_pattern.fullmatch(text)
        return cls(*match.groups()) if match else None

    @property
    def parent(self) -> LocationName:
        """The location that holds the queue."""
        return LocationName(self.project, self.location)

    def task(self, task_id: str) -> "TaskName":
        """The name of one of this queue's tasks."""
        return TaskName(self, task_id)

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/queues/{self.queue_id}"


class TaskName(NamedTuple):
    """The full name of a task."""

    queue: QueueName
    task_id: str

    @classmethod
    def split(cls, text: str) -> tuple[QueueName, str] | None:
        """Queue and *unchecked* task id of a text shaped like a task name, else None."""
        match = _task_shape.fullmatch(text)
        queue = QueueName.parse(match[1]) if match else None
        return (queue, match[2]) if match and queue else None

    @classmethod
    def parse(cls, text: str) -> "TaskName | None":
        """The task that `text` names, or None."""
        parts = cls.split(text)
        return cls(*parts) if parts and is_task_id(parts[1]) else None

    def __str__(self) -> str:
        return f"{self.queue}/tasks/{self.task_id}"


class OperationName(NamedTuple):
    """The full name of a long-running operation."""

    location: LocationName
    operation_id: str

    @classmethod
    def parse(cls, text: str) -> "OperationName | None":
        """The operation that `text` names, or None."""
        match = _operation_pattern.fullmatch(text)
        return cls(LocationName(match[1], match[2]), match[3]) if match else None

    def __str__(self) -> str:
        return f"{self.location}/operations/{self.operation_id}"


def is_task_id(text: str) -> bool:
    """Whether a caller may give a task this id."""
    return _task_id_pattern.fullmatch(text) is not None


def new_task_id(identity: bytes | None = None) -> str:
    """An id for a task that came without one: 20 decimal digits, uniformly distributed (section 1.2).

    It is random, or made of the first 16 of some bytes that are random.
    """
    number = secrets.randbits(128) if identity is None else int.from_bytes(identity[:16])
    return f"{number % 10**20:020d}"
