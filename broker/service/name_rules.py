"""Names as callers send them: parsed, or refused with the error that belongs to the call."""

from functools import lru_cache

from broker.model.names import LocationName, QueueName, TaskName, is_task_id, new_task_id
from broker.service import texts


def location_name(text: str) -> LocationName:
    """The location a caller named as parent. Raises HeadraceError."""
    name = LocationName.parse(text)
    if name is None:
        raise texts.location_malformed(text)
    return name


@lru_cache(maxsize=1024)
def queue_name(text: str) -> QueueName:
    """The queue a caller named. Raises HeadraceError."""
    name = QueueName.parse(text)
    if name is None:
        raise texts.queue_name_malformed()
    return name


def new_queue_name(parent: str, text: str) -> QueueName:
    """The name for a new queue, which must lie under the parent of the call. Raises HeadraceError."""
    location = location_name(parent)
    name = queue_name(text)
    if name.parent != location:
        raise texts.queue_name_elsewhere(name, parent)
    return name


def task_name(text: str) -> TaskName:
    """The task a caller named. Raises HeadraceError."""
    parts = TaskName.split(text)
    if parts is None:
        raise texts.task_name_malformed()
    queue, task_id = parts
    return TaskName(queue, _checked_task_id(task_id))


def new_task_name(queue: QueueName, text: str, identity: bytes | None = None) -> TaskName:
    """The name for a new task in `queue`: the caller's, or one with a generated id if `text` is empty.

    With the same identity the same id is generated. Raises HeadraceError.
    """
    if not text:
        return TaskName(queue, new_task_id(identity))
    parts = TaskName.split(text)
    if parts is None:
        raise texts.task_name_malformed()
    named_queue, task_id = parts
    if named_queue != queue:
        raise texts.task_name_elsewhere(queue, named_queue)
    return TaskName(queue, _checked_task_id(task_id))


def _checked_task_id(task_id: str) -> str:
    if not is_task_id(task_id):
        raise texts.task_id_malformed(task_id)
    return task_id
