"""The dispatcher node: claims due tasks, sends them, settles them, and keeps their leases meanwhile.

Any number of dispatchers work on one store. None keeps state that matters: what a killed one had in flight is due
again when its leases end.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from broker.errors import HeadraceError
from broker.identity.access_tokens import TokenSources
from broker.metrics import Metrics
from broker.settings import Settings
from broker.store.attempts import Outcome, Result, Settled
from broker.store.store import Store
from worker.claimer import Claimer
from worker.courier import Courier
from worker.egress import EgressPolicy
from worker.held_attempt import HeldAttempt
from worker.http1.sender import Http1Sender
from worker.in_flight import InFlight
from worker.janitor import Janitor
from worker.open_files import room_for_idle
from worker.ownership import Ownership
from worker.preparer import Preparer
from worker.queue_configs import QueueConfigs
from worker.redirects import RedirectFollower
from worker.renewer import MARGIN_PER_LEASE, Renewer
from worker.sender import Sender
from worker.settler import Settler

_ALIVE_WITHIN_POLLS = 6
_STORE_GIVES_UP_WITHIN_S = 30.0
"""A claim of a store that stands still ends with an error after this time at the latest."""
_SETTLED_WITHIN_S = 5.0
_CANCELLED_AGAIN_AFTER_S = 0.1

log = logging.getLogger(__name__)


class Dispatcher:
    """One dispatcher. `start` once, `stop` once; `stop` drains."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        metrics: Metrics,
        tokens: TokenSources,
        sender: Sender | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._metrics = metrics
        ways: dict[str, Any] = {
            "target_ca": settings.target_ca,
            "target_tls": settings.target_tls,
            "proxy": settings.target_proxy,
            "no_proxy": settings.target_no_proxy,
            "most_idle": room_for_idle(settings.max_in_flight, pools=2),
        }
        egress = EgressPolicy(settings.egress)
        http_sender = sender or Http1Sender(egress, rewrites=settings.target_rewrites, **ways)
        app_engine_sender = sender or Http1Sender(EgressPolicy.ANY, **ways)
        self._senders = {http_sender, app_engine_sender}
        self._node = secrets.token_hex(8)
        self._in_flight = InFlight(settings.max_in_flight)
        metrics.dispatcher_in_flight.set_function(lambda: self._in_flight.used)
        metrics.dispatcher_capacity.set(settings.max_in_flight)
        self._ownership = Ownership(store.nodes, self._node, settings.partitions)
        self._configs = QueueConfigs(store.queues, metrics)
        preparer = Preparer(tokens, settings.app_engine_targets, settings.app_engine_domain, settings.tickets)
        self._courier = Courier(
            store.attempts,
            self._configs,
            preparer,
            RedirectFollower(http_sender),
            app_engine_sender,
            overload_control=settings.overload_control,
            lease_left_s=settings.lease_s / MARGIN_PER_LEASE,
            settle=self._settle,
            give_back=self._give_back,
        )
        self._settler = Settler(store.attempts, self._settled)
        self._renewer = Renewer(store.attempts, self._in_flight, lease_s=settings.lease_s, abort=self._lease_ends)
        self._janitor = Janitor(store.upkeep, self._ownership)
        self._claimer = Claimer(
            store.attempts,
            self._in_flight,
            self._ownership,
            metrics,
            owner=self._node,
            partitions=settings.partitions,
            lease_s=settings.lease_s,
            # Claims tell the store that dispatchers are at work; they must come more often than a third of a lease.
            slow_poll_s=min(settings.slow_poll_s, settings.lease_s / 6),
            ramp_up=settings.ramp_up,
            deliver=self._deliver,
        )
        self._services: list[asyncio.Task[None]] = []
        self._releases: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._progress = asyncio.Event()
        """Set whenever an attempt has ended, or has left this dispatcher's hands."""

    async def start(self) -> None:
        """Begin to claim and send. Raises StartupError if the sender cannot work as configured."""
        for sender in self._senders:
            await sender.start()
        self._services = [
            asyncio.create_task(self._ownership.run(), name="ownership"),
            asyncio.create_task(self._store.wakeups.listen(self._claimer.wake), name="wakeups"),
            asyncio.create_task(self._renewer.run(), name="renewer"),
            asyncio.create_task(self._janitor.run(), name="janitor"),
        ]
        self._claimer.start()

    async def stop(self) -> None:
        """Claim no more, finish what is in flight within the drain limit, abort the rest and settle it as failed."""
        self._stopping = True
        await self._claimer.stop()
        held = self._in_flight.held
        if under_way := sum(attempt.is_under_way for attempt in held):
            log.info("draining %d requests", under_way)
        await self._until(lambda: not any(attempt.is_under_way for attempt in held), self._settings.drain_s)
        for attempt in list(held):
            self._abort(attempt)
        if not await self._until(lambda: not held, _SETTLED_WITHIN_S):
            self._settler.abandon()
            log.warning("the store is away: %d results are left to be redelivered", len(held))
        await _end([*self._services, *self._releases])
        await self._ownership.leave()
        for sender in self._senders:
            await sender.stop()

    def is_alive(self) -> bool:
        """Whether work goes on: claims come back, be it with an error, or there is no room for more.

        A store that is away does not make a dispatcher dead.
        """
        if any(service.done() for service in self._services):
            return self._stopping
        quiet_s = asyncio.get_running_loop().time() - self._claimer.last_answer_s
        longest_s = max(_ALIVE_WITHIN_POLLS * self._settings.slow_poll_s, _STORE_GIVES_UP_WITHIN_S)
        return self._in_flight.is_full or quiet_s < longest_s

    def is_ready(self) -> bool:
        """Whether the store answered the last claim."""
        return self._claimer.store_answers and not self._stopping

    def _deliver(self, attempt: HeldAttempt) -> None:
        if self._stopping:
            self._give_back(attempt, "the dispatcher is stopping")
        else:
            self._courier.carry(attempt)

    def _settle(self, attempt: HeldAttempt, result: Result) -> None:
        self._settler.settle(attempt, result)
        self._progress.set()

    def _give_back(self, attempt: HeldAttempt, reason: str) -> None:
        log.info("task %s not sent: %s", attempt.key.task_id, reason)
        release = asyncio.create_task(self._release(attempt))
        self._releases.add(release)
        release.add_done_callback(self._releases.discard)

    async def _release(self, attempt: HeldAttempt) -> None:
        try:
            await self._store.attempts.release(attempt.partition, [attempt.claimed])
            self._metrics.released_tasks_total.inc()
        except HeadraceError as error:
            log.warning("task %s not given back, its lease will end: %s", attempt.key.task_id, error)
        finally:
            self._forget([attempt])

    def _abort(self, attempt: HeldAttempt) -> None:
        """End an attempt whose request is under way. What is not sent yet is given back by itself."""
        sending, attempt.sending = attempt.sending, None
        if sending is None:
            return
        sending.abort()
        if attempt.lost:
            self._forget([attempt])
        else:
            self._settle(attempt, Result(attempt.key, Outcome.UNANSWERED, 0))

    def _lease_ends(self, attempt: HeldAttempt) -> None:
        """The attempt's lease could not be renewed: from now on another dispatcher may have the task."""
        if attempt.sending is not None:
            self._metrics.leases_lost_total.inc()
            self._abort(attempt)

    def _settled(self, batch: Sequence[tuple[HeldAttempt, Result]], answers: Sequence[Settled]) -> None:
        for (attempt, result), settled in zip(batch, answers, strict=True):
            if attempt.log:
                attempt.log.settled(result, settled)
            if settled is Settled.STALE:
                self._metrics.stale_results_total.inc()
            elif attempt.config and settled is Settled.RETRY:
                attempt.config.metrics.retry(attempt.failure)
            elif attempt.config and settled is Settled.EXHAUSTED:
                attempt.config.metrics.tasks_exhausted.inc()
        self._forget([attempt for attempt, _ in batch])

    def _forget(self, attempts: Sequence[HeldAttempt]) -> None:
        for attempt in attempts:
            self._in_flight.remove(attempt)
        self._progress.set()
        self._claimer.room_made()

    async def _until(self, reached: Callable[[], bool], within_s: float) -> bool:
        """Wait for what comes about when attempts end; whether it did in time."""
        try:
            async with asyncio.timeout(within_s):
                while not reached():
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            return False
        return True


async def _end(services: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel until they have ended: on Python 3.11 `asyncio.wait_for`, which the Redis client uses, may lose one."""
    running = set(services)
    while running:
        for service in running:
            service.cancel()
        _, running = await asyncio.wait(running, timeout=_CANCELLED_AGAIN_AFTER_S)
