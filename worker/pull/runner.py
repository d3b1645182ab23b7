"""A pull worker: leases tasks of one queue in batches, runs a handler on each, acknowledges what is done.

Any number of workers can serve one queue. None keeps state that matters: what a killed one held can be leased again
when its leases end.
"""

import asyncio
import logging
from collections import deque

from broker.errors import HeadraceError
from worker.pull.finisher import Finisher
from worker.pull.handler import Handler, Hands
from worker.pull.held import Ending, HeldTask
from worker.pull.leases import Leases
from worker.pull.pace import Pace
from worker.pull.progress import Progress
from worker.pull.renewer import Renewer

_FINISHED_WITHIN_S = 5.0

log = logging.getLogger(__name__)


class PullRunner:
    """One worker. `run` it until it is cancelled; then it drains."""

    def __init__(
        self,
        leases: Leases,
        handler: Handler,
        *,
        concurrency: int = 1,
        batch: int = 100,
        drain_s: float = 25.0,
        slow_poll_s: float = 5.0,
    ) -> None:
        """At most `concurrency` tasks run at once, and `batch` are leased by one call.

        `slow_poll_s` is the longest wait between two looks at an empty queue.
        """
        self.progress = Progress()
        self._leases, self._hands = leases, Hands(handler, concurrency)
        self._concurrency, self._batch, self._drain_s = concurrency, batch, drain_s
        self._pace = Pace(slow_poll_s)
        self._held: set[HeldTask] = set()
        self._waiting: deque[HeldTask] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Event()
        self.problem = ""
        """Why nothing can be leased at present."""
        self._finisher = Finisher(leases, self._finished)
        self._renewer = Renewer(leases, self._held, give_up=self._give_up)

    async def run(self) -> None:
        """Work until cancelled, then drain: lease no more, finish what runs within `drain_s`, give the rest back.

        Cancelled once more it does not wait.
        """
        renewing = asyncio.create_task(self._renewer.run())
        try:
            while True:
                await self._wait_for_room()
                leasing = asyncio.create_task(self._lease())
                try:
                    await asyncio.shield(leasing)
                finally:
                    await leasing  # what it leases while the worker stops is given back
                self._begin_what_fits()
                await asyncio.sleep(self._pace.wait_s)
        finally:
            try:
                await self._drain()
            finally:
                renewing.cancel()
                self._hands.close()

    async def _wait_for_room(self) -> None:
        while self._waiting or len(self._running) >= self._concurrency:
            self._has_room.clear()
            await self._has_room.wait()

    async def _lease(self) -> None:
        free = self._concurrency - len(self._running)
        try:
            tasks = await self._leases.take(self._pace.wanted(free, self._batch, _now_s()))
            self.problem = ""
        except HeadraceError as error:
            self._note(error)
            tasks = []
        if not tasks:
            self._pace.back_off()
            return
        self._pace.found()
        self.progress.leased += len(tasks)
        self._held.update(tasks)
        self._waiting.extend(tasks)

    def _note(self, error: HeadraceError) -> None:
        """Log why nothing can be leased, once while it lasts."""
        if self.problem != error.message:
            self.problem = error.message
            log.warning("no lease, trying again: %s", error)

    def _begin_what_fits(self) -> None:
        while self._waiting and len(self._running) < self._concurrency:
            held = self._waiting.popleft()
            held.running = asyncio.create_task(self._handle(held))
            self._running.add(held.running)
            self.progress.running += 1
        if not self._waiting:
            self._has_room.set()

    async def _handle(self, held: HeldTask) -> None:
        ending = Ending.FAILED
        try:
            await self._hands.handle(held.task)
            ending = Ending.DONE
        except asyncio.CancelledError:
            log.warning("task %s aborted", held.task.name.task_id)
        except Exception as error:
            log.warning("task %s failed: %s", held.task.name.task_id, error or type(error).__name__)
        self.progress.running -= 1
        if held.running:
            self._running.discard(held.running)
        self._pace.ended(_now_s())
        if held in self._held:
            self._finisher.finish(held, ending)
        self._begin_what_fits()

    def _give_up(self, held: HeldTask) -> None:
        """The lease is gone or about to end: nothing may come of the task any more."""
        has_ended = held.running is not None and held.running.done()
        if held not in self._held or has_ended:
            return
        self._held.discard(held)
        self.progress.lost += 1
        log.warning("task %s lost: its lease could not be renewed", held.task.name.task_id)
        if held.running:
            held.running.cancel()
        else:
            self._waiting.remove(held)

    def _finished(self, held: HeldTask, ending: Ending, was_held: bool) -> None:
        self._held.discard(held)
        if not was_held:
            self.progress.lost += 1
        elif ending is Ending.DONE:
            self.progress.done += 1
        elif ending is Ending.FAILED:
            self.progress.failed += 1

    async def _drain(self) -> None:
        while self._waiting:
            self._finisher.finish(self._waiting.popleft(), Ending.UNTOUCHED)
        if self._running:
            log.info("draining %d tasks", len(self._running))
            await asyncio.wait(self._running, timeout=self._drain_s)
        for running in list(self._running):
            running.cancel()
        if self._running:
            await asyncio.wait(list(self._running))
        try:
            async with asyncio.timeout(_FINISHED_WITHIN_S):
                await self._finisher.drained()
        except TimeoutError:
            self._finisher.abandon()
            log.warning("the store is away: %d tasks come back when their leases end", len(self._held))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
