"""Adding tasks (App Engine specification, 2.4)."""

import asyncio
from collections.abc import Sequence

from broker.errors import HeadraceError
from broker.model.queue import Queue, QueueKind
from broker.model.task import NewTask
from broker.service import pull
from broker.service.app_engine.add_rules import new_task
from broker.service.app_engine.caller import Caller
from broker.service.app_engine.drafts import AddDraft
from broker.service.app_engine.errors import Result, TaskQueueError, result_of
from broker.store.outcomes import Added

_MOST_TASKS = 100
_RESULTS = {
    Added.CREATED: Result.OK,
    Added.EXISTS: Result.TASK_ALREADY_EXISTS,
    Added.TOMBSTONED: Result.TOMBSTONED_TASK,
    Added.TOO_FAR: Result.INVALID_ETA,
}

Outcome = tuple[Result, str]
"""What became of a task, and its name if it was added under one that was chosen for it, else empty."""


async def add(caller: Caller, draft: AddDraft) -> str:
    """Add one task; the name if one was chosen, else empty. Raises HeadraceError."""
    outcome = await _outcomes(caller, [draft])
    if isinstance(outcome[0], HeadraceError):
        raise outcome[0]
    result, name = outcome[0]
    if result is not Result.OK:
        raise TaskQueueError(result, f"The task {draft.task_id} was not added: {result.name}.")
    return name


async def bulk_add(caller: Caller, drafts: Sequence[AddDraft]) -> list[Outcome]:
    """Add tasks to one queue, one by one; none of them if one is not valid. Raises HeadraceError for the whole call."""
    outcomes = await _outcomes(caller, drafts) if drafts else []
    return [(result_of(outcome), "") if isinstance(outcome, HeadraceError) else outcome for outcome in outcomes]


async def _outcomes(caller: Caller, drafts: Sequence[AddDraft]) -> list[Outcome | HeadraceError]:
    if len(drafts) > _MOST_TASKS:
        raise TaskQueueError(Result.TOO_MANY_TASKS, f"A call can add at most {_MOST_TASKS} tasks.")
    if not drafts[0].queue_id:
        raise TaskQueueError(Result.UNKNOWN_QUEUE, "The first task names no queue.")
    checked = await _checked(caller, drafts)
    tasks = [task for task in checked if isinstance(task, NewTask)]
    if len(tasks) < len(checked):
        return [(Result.SKIPPED, "") if isinstance(each, NewTask) else each for each in checked]
    if drafts[0].is_transactional:  # adding at once could not be taken back by a rollback
        raise TaskQueueError(
            Result.DATASTORE_BAD_REQUEST, "transactional tasks need a datastore, which this server has not"
        )
    added = await pull.add_tasks(caller.broker, str(tasks[0].name.queue), tasks)
    return [_outcome(task, _RESULTS[each]) for task, each in zip(tasks, added, strict=True)]


def _outcome(task: NewTask, result: Result) -> Outcome:
    is_chosen = result is Result.OK and not task.named_by_user
    return result, task.name.task_id if is_chosen else ""


async def _checked(caller: Caller, drafts: Sequence[AddDraft]) -> list[NewTask | HeadraceError]:
    """The tasks to store; an error in the place of each that is not valid. Raises INVALID_QUEUE_MODE for all."""
    now_us, queues = await asyncio.gather(caller.broker.store.time_us(), _queues(caller, drafts))
    first = queues[_key(drafts[0])]
    checked = [_check(caller, draft, queues[_key(draft)], first, now_us) for draft in drafts]
    all_valid = all(isinstance(each, NewTask) for each in checked)
    if all_valid and isinstance(first, Queue) and any(draft.kind is not first.kind for draft in drafts):
        raise _wrong_mode(first.kind)
    return checked


async def _queues(caller: Caller, drafts: Sequence[AddDraft]) -> dict[tuple[str, str], Queue | HeadraceError]:
    """The queues that tasks name, each looked up once."""

    async def find(queue_id: str, app_id: str) -> Queue | HeadraceError:
        try:
            return await caller.queue(queue_id, app_id)
        except HeadraceError as error:
            return error

    keys = list(dict.fromkeys(map(_key, drafts)))
    return dict(zip(keys, await asyncio.gather(*(find(*key) for key in keys)), strict=True))


def _key(draft: AddDraft) -> tuple[str, str]:
    return draft.queue_id, draft.app_id


def _check(
    caller: Caller, draft: AddDraft, queue: Queue | HeadraceError, first: Queue | HeadraceError, now_us: int
) -> NewTask | HeadraceError:
    if isinstance(queue, HeadraceError):
        return queue
    try:
        task = new_task(caller.broker, queue, draft, now_us)
    except HeadraceError as error:
        return error
    if isinstance(first, Queue) and queue.name != first.name:
        return TaskQueueError(Result.INVALID_REQUEST, "All tasks of a call must name the same queue.")
    return task


def _wrong_mode(kind: QueueKind) -> TaskQueueError:
    return TaskQueueError(Result.INVALID_QUEUE_MODE, f"The queue takes {kind.lower()} tasks only.")
