"""The use cases of the legacy REST API where it differs from other surfaces (App Engine specification, section 5).

Names are full resource names. A refused call raises HeadraceError.
"""

from broker.model.leased_task import LeasedTask
from broker.model.queue import Queue, QueueKind
from broker.model.tag_filter import TagFilter
from broker.model.task import Task, View
from broker.service import pull, queues, tasks, texts
from broker.service.broker import Broker
from broker.service.drafts import TaskDraft
from broker.service.pull_texts import push_queue
from broker.store.outcomes import Deleted, QueueMissing

_SECOND_US = 1_000_000
_LONGEST_LIST = 100
_LEASE_BYTES = 1_048_576
"""Most payload in the answer to one lease call."""


async def get_queue(broker: Broker, name: str) -> Queue:
    """The queue of that name. This API knows pull queues alone."""
    queue = await queues.get_queue(broker, name)
    if queue.kind is not QueueKind.PULL:
        raise push_queue()
    return queue


async def list_tasks(broker: Broker, parent: str) -> list[Task]:
    """The live tasks of a queue, leased or not, without payloads: the first hundred by lease timestamp."""
    queue = await get_queue(broker, parent)
    try:
        return await broker.store.tasks.earliest(queue.name, _LONGEST_LIST)
    except QueueMissing:
        raise texts.queue_missing() from None


async def insert_task(broker: Broker, parent: str, draft: TaskDraft) -> Task:
    """Add a task."""
    await get_queue(broker, parent)
    return await tasks.create_task(broker, parent, draft, View.FULL)


async def lease_tasks(
    broker: Broker, parent: str, *, max_tasks: int, lease_s: int, tags: TagFilter, deadline_s: float | None
) -> list[LeasedTask]:
    """Lease available tasks by lease timestamp; none if there are none, or over the cap."""
    return await pull.lease_tasks(
        broker,
        parent,
        max_tasks=max_tasks,
        lease_us=lease_s * _SECOND_US,
        tags=tags,
        most_bytes=min(_LEASE_BYTES, broker.limits.lease_response_bytes),
        deadline_s=deadline_s,
    )


async def get_task(broker: Broker, parent: str, name: str) -> Task:
    """A live task."""
    await get_queue(broker, parent)
    return await tasks.get_task(broker, name, View.FULL)


async def renew_lease(broker: Broker, name: str, lease_us: int | None, *, lease_s: int) -> Task:
    """Let a lease that is not over last so long from now on. `lease_us` is when it ends; None is not compared."""
    return await pull.renew_lease(broker, name, lease_us, lease_s * _SECOND_US, view=View.FULL, require_running=True)


async def delete_task(broker: Broker, parent: str, task_id: str) -> None:
    """Delete a task, whoever leased it. One that is gone already counts as deleted, as long as its name is known."""
    await get_queue(broker, parent)
    (deleted,) = await pull.delete_tasks(broker, parent, [task_id])
    if deleted is Deleted.UNKNOWN:
        raise texts.entity_missing()
