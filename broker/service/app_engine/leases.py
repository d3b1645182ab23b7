"""Leasing, deleting and counting tasks (App Engine specification, 2.5 to 2.8 and 3)."""

import asyncio
import math
from collections.abc import Sequence

from broker.model.leased_task import LeasedTask
from broker.model.names import QueueName, is_task_id
from broker.model.queue import QueueKind, QueueStats
from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.model.task import View
from broker.service import pull
from broker.service.app_engine.caller import Caller
from broker.service.app_engine.errors import Result, TaskQueueError
from broker.store.outcomes import Deleted, QueueMissing

_RESULTS = {
    Deleted.DELETED: Result.OK,
    Deleted.TOMBSTONED: Result.TOMBSTONED_TASK,
    Deleted.UNKNOWN: Result.UNKNOWN_TASK,
}


async def lease(
    caller: Caller, queue_id: str, *, lease_s: float, max_tasks: int, group_by_tag: bool, tag: bytes | None
) -> list[LeasedTask]:
    """Lease tasks, the earliest first; a call above the queue's cap finds none. Raises HeadraceError."""
    lease_us, tags = _lease_us(lease_s), _tags(group_by_tag, tag)

    async def use(queue: QueueName) -> list[LeasedTask]:
        return await pull.lease_tasks(
            caller.broker,
            str(queue),
            max_tasks=max_tasks,
            lease_us=lease_us,
            tags=tags,
            view=View.FULL,
            deadline_s=caller.remaining_s,
        )

    return await caller.on_queue(queue_id, use)


async def modify_lease(caller: Caller, queue_id: str, task_id: str, *, eta_us: int, lease_s: float) -> int:
    """Let a lease end at another time, which is returned (us). Raises HeadraceError."""

    async def use(queue: QueueName) -> int:
        if not is_task_id(task_id):
            raise TaskQueueError(Result.UNKNOWN_TASK, "There is no task of that name.")
        name = str(queue.task(task_id))
        task = await pull.renew_lease(caller.broker, name, eta_us, _lease_us(lease_s), require_running=True)
        return task.schedule_us

    return await caller.on_queue(queue_id, use)


async def delete(caller: Caller, queue_id: str, task_ids: Sequence[str], app_id: str) -> list[Result]:
    """Delete tasks, leased or not; what became of each. An unknown queue is the result of each."""

    async def use(queue: QueueName) -> list[Result]:
        known = [task_id for task_id in task_ids if is_task_id(task_id)]
        deleted = iter(await pull.delete_tasks(caller.broker, str(queue), known))
        return [_RESULTS[next(deleted)] if is_task_id(task_id) else Result.UNKNOWN_TASK for task_id in task_ids]

    try:
        return await caller.on_queue(queue_id, use, app_id)
    except TaskQueueError as error:
        if error.result is Result.PERMISSION_DENIED:
            raise
        result = Result.UNKNOWN_QUEUE if error.result is Result.INVALID_QUEUE_NAME else error.result
        return [result] * len(task_ids)


async def queue_stats(
    caller: Caller, queue_ids: Sequence[str], app_id: str
) -> list[tuple[QueueKind, QueueStats] | None]:
    """Of which kind, how full and how busy queues are; None for one that is unknown. Raises PERMISSION_DENIED."""
    location = caller.location(app_id)

    async def look(queue_id: str) -> tuple[QueueKind, QueueStats] | None:
        name = QueueName.parse(f"{location}/queues/{queue_id}")
        if name is None:
            return None
        try:
            queue, (stats,) = await asyncio.gather(
                caller.broker.store.queues.get(name), pull.stats(caller.broker, [str(name)])
            )
        except QueueMissing:
            return None
        return (queue.kind, stats) if stats else None

    return await asyncio.gather(*map(look, queue_ids))


def _lease_us(lease_s: float) -> int:
    """The length of a lease, truncated; -1, which is refused in its turn, for what is no length."""
    lease_us = lease_s * 1e6
    return int(lease_us) if lease_us >= 0 and math.isfinite(lease_us) else -1


def _tags(group_by_tag: bool, tag: bytes | None) -> TagFilter:
    if group_by_tag:
        return Tag(tag) if tag else OldestTag()
    if tag is not None:
        raise TaskQueueError(Result.INVALID_REQUEST, "Tag specified, but group_by_tag was not.")
    return AnyTag()
