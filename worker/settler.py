"""Settling results in batches: one script call a partition at a time, the next batch gathers meanwhile."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from broker.errors import HeadraceError
from broker.store.attempts import AttemptStore, Result, Settled
from worker.held_attempt import HeldAttempt

_MOST_RESULTS = 200
"""Of one call: Redis does nothing else while it settles them."""
_BUSY = 8
"""With more calls under way than this, another few results cost Redis less if they wait to be more."""
_GATHER_S = 0.003
_TRY_AGAIN_AFTER_S = 0.1

log = logging.getLogger(__name__)

_Waiting = tuple[HeldAttempt, Result]
OnSettled = Callable[[Sequence[tuple[HeldAttempt, Result]], Sequence[Settled]], None]


class Settler:
    """Takes results and keeps each until the store has settled it, or has called it stale."""

    def __init__(self, attempts: AttemptStore, on_settled: OnSettled) -> None:
        self._attempts = attempts
        self._on_settled = on_settled
        self._waiting: dict[int, list[_Waiting]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}

    def settle(self, attempt: HeldAttempt, result: Result) -> None:
        """Take a result; `on_settled` is called with a batch of them once they are settled."""
        partition = attempt.partition
        waiting = self._waiting.get(partition)
        if waiting is None:
            waiting = self._waiting[partition] = []
        waiting.append((attempt, result))
        if partition not in self._running:
            self._running[partition] = asyncio.create_task(self._drain(partition))

    async def drained(self) -> None:
        """Wait until nothing is left to settle."""
        while self._running:
            await asyncio.wait(self._running.values())

    def abandon(self) -> None:
        """Stop trying. What is left is redelivered when its lease ends."""
        for running in self._running.values():
            running.cancel()

    async def _drain(self, partition: int) -> None:
        try:
            # Results of the same moment join. With many partitions at work a call would still hold next to nothing.
            await asyncio.sleep(_GATHER_S if len(self._running) > _BUSY else 0)
            while waiting := self._waiting.pop(partition, None):
                batch, rest = waiting[:_MOST_RESULTS], waiting[_MOST_RESULTS:]
                if rest:
                    self._waiting[partition] = rest
                await self._settle_batch(partition, batch)
        finally:
            del self._running[partition]

    async def _settle_batch(self, partition: int, batch: list[_Waiting]) -> None:
        results = [result for _, result in batch]
        while True:
            try:
                answers = await self._attempts.settle(partition, results)
            except HeadraceError as error:
                log.warning("%d results wait for the store: %s", len(batch), error)
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
                continue
            except Exception:
                # A defect of ours must not hold leases for ever: they end, and the tasks are delivered again.
                log.exception("%d results cannot be settled", len(batch))
                answers = [Settled.STALE] * len(batch)
            self._on_settled(batch, answers)
            return
