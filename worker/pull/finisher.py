"""Telling the store what became of tasks, in batches: the next batch gathers while one is on its way."""

import asyncio
import logging
from collections.abc import Callable

from broker.errors import HeadraceError
from worker.pull.held import Ending, HeldTask
from worker.pull.leases import MOST_TASKS, Leases

_TRY_AGAIN_AFTER_S = 0.1

log = logging.getLogger(__name__)

OnFinished = Callable[[HeldTask, Ending, bool], None]
"""Called with whether the lease still held."""


class Finisher:
    """Takes tasks that the worker is through with, and keeps each until the store knows."""

    def __init__(self, leases: Leases, on_finished: OnFinished) -> None:
        self._leases, self._on_finished = leases, on_finished
        self._waiting: list[tuple[HeldTask, Ending]] = []
        self._running: asyncio.Task[None] | None = None

    def finish(self, held: HeldTask, ending: Ending) -> None:
        """Acknowledge the task, or give it back."""
        self._waiting.append((held, ending))
        if self._running is None:
            self._running = asyncio.create_task(self._drain())

    async def drained(self) -> None:
        """Wait until nothing is left to tell."""
        while self._running:
            await asyncio.wait([self._running])

    def abandon(self) -> None:
        """Stop trying. What is left comes back when its lease ends."""
        if self._running:
            self._running.cancel()

    async def _drain(self) -> None:
        try:
            await asyncio.sleep(0)  # let what ends at the same moment join
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_TASKS], self._waiting[MOST_TASKS:]
                await self._tell(batch)
        finally:
            self._running = None

    async def _tell(self, batch: list[tuple[HeldTask, Ending]]) -> None:
        while True:
            try:
                held = await self._leases.finish(batch)
            except HeadraceError as error:
                log.warning("%d endings wait for the store: %s", len(batch), error)
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
                continue
            for (task, ending), was_held in zip(batch, held, strict=True):
                self._on_finished(task, ending, was_held)
            return
