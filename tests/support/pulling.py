"""Pull queues, their tasks and a worker for tests of the store, in few words."""

from dataclasses import dataclass
from typing import Any

from broker.model.names import QueueName
from broker.model.queue import QueueKind
from broker.model.tag_filter import AnyTag, TagFilter
from broker.model.task import NewTask, PullMessage, Task, View
from broker.store.store import Store
from tests.support.seeds import HORIZON_US, SECOND, queue_name, seed_queue

QUEUE = queue_name()
MOST_BYTES = 32 * 1024 * 1024


async def seed_pull_queue(store: Store, queue_id: str = "q", **changes: Any) -> QueueName:
    """Create a pull queue."""
    return await seed_queue(store, queue_id, kind=QueueKind.PULL, concurrency=-1, **changes)


def a_pull_task(
    task_id: str = "t", eta_us: int | None = None, *, tag: bytes = b"", body: bytes = b"", **changes: Any
) -> NewTask:
    """A task of the queue `q` that a user named; its ETA, if given, stays as it is."""
    changes = {"named_by_user": True, "keeps_past_schedule": eta_us is not None} | changes
    return NewTask(
        queue_name(changes.pop("queue_id", "q")).task(task_id),
        request=PullMessage(body, tag),
        schedule_us=eta_us,
        dispatch_deadline_us=None,
        **changes,
    )


async def seed_pull_task(store: Store, task_id: str = "t", eta_us: int | None = None, **changes: Any) -> Task:
    """Create a task as `a_pull_task` describes it."""
    return await store.tasks.create(a_pull_task(task_id, eta_us, **changes), horizon_us=HORIZON_US)


async def seed_etas(store: Store, **etas_us: int) -> None:
    """Create tasks by id, with these ETAs."""
    for task_id, eta_us in etas_us.items():
        await seed_pull_task(store, task_id, eta_us)


def ids(tasks: list[Task]) -> list[str]:
    """The ids of tasks, in order."""
    return [task.name.task_id for task in tasks]


@dataclass
class Worker:
    """A worker as the store sees it."""

    store: Store
    queue: QueueName = QUEUE

    async def lease(
        self, max_tasks: int = 100, seconds: float = 10, tags: TagFilter | None = None, **changes: Any
    ) -> list[Task]:
        """Lease tasks; without a cap unless `changes` (arguments of LeaseStore.lease) say otherwise."""
        arguments = {
            "view": View.FULL,
            "most_bytes": MOST_BYTES,
            "cap": 0,
            "require_running": False,
            "deadline_s": 60,
        } | changes
        leased = await self.store.leases.lease(
            self.queue,
            max_tasks=max_tasks,
            lease_us=round(seconds * SECOND),
            tags=AnyTag() if tags is None else tags,
            **arguments,
        )
        return [task.task() for task in leased]

    async def lease_one(self, seconds: float = 10, **changes: Any) -> Task:
        """Lease exactly one task: there must be one, and no other."""
        (task,) = await self.lease(seconds=seconds, **changes)
        return task

    async def renew(self, task: Task, seconds: float = 10, **changes: Any) -> Task:
        """Renew the lease that `task` was answered with."""
        arguments = {"view": View.BASIC, "late_ok": False, "schedule_us": task.schedule_us} | changes
        schedule_us = arguments.pop("schedule_us")
        return await self.store.leases.renew(task.name, schedule_us, lease_us=round(seconds * SECOND), **arguments)

    async def acknowledge(self, task: Task) -> None:
        """Finish the task by the lease that it was answered with."""
        await self.store.leases.acknowledge(task.name, task.schedule_us)
