"""Queues, tasks and a dispatcher for tests of the store, in few words."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from broker.model.names import QueueName, TaskName
from broker.model.queue import Queue, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import HttpRequest, NewTask, Task, View
from broker.store.attempts import AttemptKey, Claim, ClaimedTask, Outcome, Result, Settled
from broker.store.outcomes import TaskMissing
from broker.store.record import Header
from broker.store.store import Store

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
START_US = 1_800_000_000 * SECOND
LEASE_US = 30 * SECOND
HOLD_US = 10 * SECOND
HORIZON_US = 30 * DAY
URL = "http://target.test/"


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self, now_us: int = START_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us

    def advance(self, seconds: float) -> int:
        """Move on (or back) and answer the new time."""
        self.now_us += round(seconds * SECOND)
        return self.now_us


def queue_name(queue_id: str = "q") -> QueueName:
    return QueueName("p", "l", queue_id)


def a_queue(
    queue_id: str = "q", *, rate: float = 500, burst: int = 100, concurrency: int = 1000, **changes: Any
) -> Queue:
    """A queue that retries after 1, 2, 4 ... seconds, unless `changes` (fields of Queue) say otherwise."""
    changes.setdefault("retry_config", RetryConfig(min_backoff_us=SECOND))
    return Queue(queue_name(queue_id), RateLimits(rate, burst, concurrency), **changes)


def a_task(
    task_id: str = "t", queue_id: str = "q", *, named: bool = True, body: bytes = b"", **changes: Any
) -> NewTask:
    changes.setdefault("request", HttpRequest(URL, body=body))
    return NewTask(queue_name(queue_id).task(task_id), named, **changes)


async def seed_queue(store: Store, queue_id: str = "q", **changes: Any) -> QueueName:
    """Create a queue as `a_queue` describes it."""
    queue = await store.queues.create(a_queue(queue_id, **changes), max_queues=100_000)
    return queue.name


async def seed_task(store: Store, task_id: str = "t", queue_id: str = "q", **changes: Any) -> TaskName:
    """Create a task as `a_task` describes it."""
    return (await store.tasks.create(a_task(task_id, queue_id, **changes), horizon_us=HORIZON_US)).name


async def seed_tasks(store: Store, *task_ids: str, queue_id: str = "q", **changes: Any) -> None:
    """Create several tasks, in this order."""
    for task_id in task_ids:
        await seed_task(store, task_id, queue_id, **changes)


async def read_task(store: Store, task_id: str = "t", queue_id: str = "q") -> Task | None:
    """The task as a reader sees it; None if it is absent."""
    try:
        return await store.tasks.get(queue_name(queue_id).task(task_id), View.FULL)
    except TaskMissing:
        return None


def task_ids(claim: Claim) -> list[str]:
    """Which tasks a claim handed out, in order."""
    return [task.key.task_id for task in claim.tasks]


def claimed_header(task: ClaimedTask) -> Header:
    """The header that came with a claimed task."""
    assert task.record is not None
    return Header.unpack(task.record)


@dataclass
class Dispatcher:
    """A dispatcher process as the store sees it, in one partition."""

    store: Store
    owner: str = "me"
    partition: int = 0
    number: int = 0
    lease_us: int = LEASE_US

    async def claim(self, max_tasks: int = 100, *, skip: Collection[str] = ()) -> Claim:
        """Claim with a new number."""
        self.number += 1
        return await self.claim_again(max_tasks, skip=skip)

    async def claim_again(self, max_tasks: int = 100, *, skip: Collection[str] = ()) -> Claim:
        """Claim with the last number, as after an answer that did not arrive."""
        return await self.store.attempts.claim(
            self.partition,
            owner=self.owner,
            number=self.number,
            max_tasks=max_tasks,
            lease_us=self.lease_us,
            skip=skip,
        )

    async def claim_one(self) -> ClaimedTask:
        """Claim exactly one task: there must be one, and no other."""
        (task,) = (await self.claim()).tasks
        return task

    async def settle(
        self,
        *attempts: ClaimedTask | AttemptKey,
        outcome: Outcome = Outcome.DONE,
        status: int | None = None,
        retry_after_us: int = 0,
    ) -> list[Settled]:
        """Report the same end of several attempts."""
        status = status if status is not None else {"done": 200, "answered": 500, "unanswered": 504}[outcome.value]
        results = [Result(_key(attempt), outcome, status, retry_after_us) for attempt in attempts]
        return await self.store.attempts.settle(self.partition, results)

    async def fail(self, *attempts: ClaimedTask | AttemptKey, status: int = 500) -> list[Settled]:
        """Report that the targets answered with a failure."""
        return await self.settle(*attempts, outcome=Outcome.ANSWERED, status=status)

    async def renew(self, *attempts: ClaimedTask | AttemptKey) -> list[bool]:
        """Renew leases."""
        keys = [_key(attempt) for attempt in attempts]
        return await self.store.attempts.renew(self.partition, keys, lease_us=self.lease_us)

    async def release(self, *tasks: ClaimedTask) -> None:
        """Give back tasks that were not sent."""
        await self.store.attempts.release(self.partition, tasks)

    async def drain(self) -> list[str]:
        """Claim and finish tasks until a claim finds none; their ids in order."""
        done: list[str] = []
        while tasks := (await self.claim()).tasks:
            assert set(await self.settle(*tasks)) == {Settled.DONE}
            done += [task.key.task_id for task in tasks]
        return done


def _key(attempt: ClaimedTask | AttemptKey) -> AttemptKey:
    return attempt.key if isinstance(attempt, ClaimedTask) else attempt
