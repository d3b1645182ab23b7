"""The leases of one worker on one queue."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from broker.errors import Code, HeadraceError
from broker.model.names import QueueName
from broker.model.tag_filter import AnyTag, TagFilter
from broker.model.task import View
from broker.store.holds import Settlement, new_holder
from broker.store.outcomes import (
    LeaseLate,
    LeasesCapped,
    QueueMissing,
    QueueNotRunning,
    StoreOutcome,
    WrongQueueKind,
)
from broker.store.store import Store
from worker.pull.held import Ending, HeldTask

MOST_TASKS = 1000
"""Most tasks in one call."""

_MOST_BYTES = 32 * 1024 * 1024
_SECOND_US = 1_000_000
_PATIENCE_S = 10.0
"""How long a lease call may take."""

_REASONS: Mapping[type[StoreOutcome], str] = {
    LeaseLate: "the store is too slow",
    LeasesCapped: "the queue takes no more lease calls this second",
    QueueMissing: "the queue does not exist",
    QueueNotRunning: "the queue is paused or disabled",
    WrongQueueKind: "the queue is a push queue",
}


class Leases:
    """Takes, renews and ends leases. A lease call counts for the queue's cap like one of the API."""

    def __init__(
        self,
        store: Store,
        queue: QueueName,
        *,
        tags: TagFilter | None = None,
        lease_s: float = 30.0,
        retry_s: float = 10.0,
        calls_per_second: int = 10,
    ) -> None:
        """A failed task can be leased again after `retry_s`. `calls_per_second` is the queue's cap, 0 for none."""
        self.lease_s = lease_s
        self._store, self._queue, self._tags = store, queue, tags or AnyTag()
        self._calls_per_second = calls_per_second
        self._lease_us, retry_us = round(lease_s * _SECOND_US), round(retry_s * _SECOND_US)
        self._lease_after_us = {Ending.DONE: None, Ending.FAILED: retry_us, Ending.UNTOUCHED: 0}
        self._holder = new_holder()
        # Settlements of one task must reach the store one after the other: each needs the proof that the last one gave.
        self._settling = asyncio.Lock()

    async def take(self, count: int) -> list[HeldTask]:
        """Lease at most `count` tasks. Raises HeadraceError: back off."""
        until_s = asyncio.get_running_loop().time() + self.lease_s
        try:
            tasks = await self._store.leases.lease(
                self._queue,
                max_tasks=count,
                lease_us=self._lease_us,
                tags=self._tags,
                view=View.FULL,
                most_bytes=_MOST_BYTES,
                cap=self._calls_per_second,
                require_running=True,
                deadline_s=_PATIENCE_S,
            )
        except StoreOutcome as outcome:
            raise HeadraceError(Code.UNAVAILABLE, _REASONS[type(outcome)]) from None
        return [HeldTask(task.task(), task.schedule_us, until_s) for task in tasks]

    async def renew(self, held: Iterable[HeldTask]) -> list[HeldTask]:
        """Let the leases last from now on; those that are lost are returned. Raises StoreUnavailable."""
        lost = []
        async with self._settling:
            batch = list(held)
            for start in range(0, len(batch), MOST_TASKS):
                lost += await self._renew_batch(batch[start : start + MOST_TASKS])
        return lost

    async def _renew_batch(self, batch: Sequence[HeldTask]) -> list[HeldTask]:
        until_s = asyncio.get_running_loop().time() + self.lease_s
        answers = await self._settle([(held, self._lease_us) for held in batch])
        for held, proof_us in zip(batch, answers, strict=True):
            if proof_us:
                held.proof_us, held.until_s = proof_us, until_s
        return [held for held, proof_us in zip(batch, answers, strict=True) if not proof_us]

    async def finish(self, endings: Sequence[tuple[HeldTask, Ending]]) -> list[bool]:
        """Acknowledge what is done, give the rest back; whether the worker still had each. Raises StoreUnavailable."""
        async with self._settling:
            answers = await self._settle([(held, self._lease_after_us[ending]) for held, ending in endings])
        return [answer is not None for answer in answers]

    async def _settle(self, wanted: Sequence[tuple[HeldTask, int | None]]) -> list[int | None]:
        settlements = [Settlement(held.task.name.task_id, held.proof_us, lease_us) for held, lease_us in wanted]
        return await self._store.holds.settle(self._queue, self._holder, settlements)
