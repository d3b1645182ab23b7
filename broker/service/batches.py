"""The use cases of batches (Cloud Tasks specification, 3.10). A batch is not atomic: each item fares by itself."""

import asyncio
import hashlib
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from broker.errors import HeadraceError
from broker.model.names import OperationName, QueueName
from broker.model.task import Task, View
from broker.service import our_texts, pull_texts, tasks, texts
from broker.service.broker import Broker
from broker.service.drafts import TaskDraft
from broker.service.name_rules import queue_name, task_name
from broker.service.queues import get_queue
from broker.store.backend import StoreFull, StoreUnavailable
from broker.store.outcomes import Deleted, QueueMissing

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Creation:
    """One task of a batch. The parent may be left out."""

    parent: str
    draft: TaskDraft
    view: View


@dataclass(frozen=True, slots=True)
class BatchOutcome(Generic[Answer]):
    """What became of a batch: for each item, in order, its answer or its error. Times in microseconds."""

    start_us: int
    end_us: int
    items: tuple[Answer | HeadraceError, ...]

    @property
    def answers(self) -> list[Answer]:
        """The answers of the items that succeeded, in order."""
        return [item for item in self.items if not isinstance(item, HeadraceError)]

    @property
    def errors(self) -> dict[int, HeadraceError]:
        """The errors of the others, by index."""
        return {index: item for index, item in enumerate(self.items) if isinstance(item, HeadraceError)}


async def create_tasks(
    broker: Broker, operation: OperationName, parent: str, creations: Sequence[Creation], request_bytes: int
) -> BatchOutcome[Task]:
    """Add tasks to a queue, all at once. A repeat under the same operation adds none again that is still there.

    Raises HeadraceError if the call as a whole cannot be: a bad parent, too many or too large, no queue, no store.
    """
    queue, limits = queue_name(parent), broker.limits
    _check_count("requests", len(creations), limits.batch_create_tasks)
    if request_bytes > limits.batch_create_bytes:
        raise our_texts.batch_too_large(limits.batch_create_bytes)
    for index, creation in enumerate(creations):
        if creation.parent not in ("", parent):
            raise our_texts.batch_parent_elsewhere(f"requests[{index}].parent", parent)
    calls = (
        tasks.create_task(broker, parent, creation.draft, creation.view, _identity(operation, index))
        for index, creation in enumerate(creations)
    )
    return await _all(broker, queue, calls)


async def delete_tasks(
    broker: Broker, operation: OperationName, parent: str, names: Sequence[str]
) -> BatchOutcome[None]:
    """Delete tasks of a queue, all at once.

    Raises HeadraceError if the call as a whole cannot be: a bad parent, too many, no queue, no store.
    """
    queue = queue_name(parent)
    _check_count("names", len(names), broker.limits.batch_delete_tasks)
    start_us = await broker.store.time_us()
    chosen = [_task_id(queue, name) for name in names]
    task_ids = [task_id for task_id in chosen if isinstance(task_id, str)]
    try:
        deleted = iter(await broker.store.tasks.delete_many(queue, task_ids, str(operation).encode()))
    except QueueMissing:
        raise texts.queue_missing() from None
    items = tuple(_refusal(next(deleted)) if isinstance(each, str) else each for each in chosen)
    return await _outcome_of(broker, queue, start_us, items)


def _task_id(queue: QueueName, name: str) -> str | HeadraceError:
    """The id of a task of the queue, or what is wrong with the name."""
    try:
        task = task_name(name)
    except HeadraceError as error:
        return error
    return task.task_id if task.queue == queue else our_texts.batch_parent_elsewhere("names", str(queue))


def _refusal(deleted: Deleted) -> HeadraceError | None:
    """Why a task was not deleted; None if it was."""
    if deleted is Deleted.DELETED:
        return None
    return texts.task_existed_recently() if deleted is Deleted.TOMBSTONED else pull_texts.task_missing()


def _check_count(field: str, count: int, largest: int) -> None:
    if not 1 <= count <= largest:
        raise our_texts.batch_count(field, count, largest)


def _identity(operation: OperationName, index: int) -> bytes:
    """Tells an item of a batch from all others, and is the same when the batch is repeated."""
    return hashlib.sha256(f"{operation}/{index}".encode()).digest()


async def _all(broker: Broker, queue: QueueName, calls: Iterable[Awaitable[Answer]]) -> BatchOutcome[Answer]:
    """Let the items of a batch run together: the store sends what comes at the same moment in few round trips.

    That the store is away or full is no answer to remember: the whole call fails, and can be repeated.
    """
    start_us = await broker.store.time_us()
    items = await asyncio.gather(*map(_outcome, calls))
    for item in items:
        if isinstance(item, (StoreUnavailable, StoreFull)):
            raise item
    return await _outcome_of(broker, queue, start_us, tuple(items))


async def _outcome_of(
    broker: Broker, queue: QueueName, start_us: int, items: tuple[Answer | HeadraceError, ...]
) -> BatchOutcome[Answer]:
    """What the items came to. If all failed it may be for the queue, which is looked for."""
    outcome = BatchOutcome(start_us, await broker.store.time_us(), items)
    if not outcome.answers:
        await get_queue(broker, str(queue))
    return outcome


async def _outcome(call: Awaitable[Answer]) -> Answer | HeadraceError:
    try:
        return await call
    except HeadraceError as error:
        return error
