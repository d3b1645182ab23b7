"""The dispatcher node: claims due tasks, sends them, settles them, and keeps their leases meanwhile.

Any number of dispatchers work on one store. None keeps state that matters: what a killed one had in flight is due
again when its leases end.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Any

from broker.errors import HeadraceError
from broker.identity.access_tokens import TokenSources
from broker.metrics import Metrics
from broker.settings import Settings
from broker.store.attempts import Outcome, Result, Settled
from broker.store.record import DamagedRecord
from broker.store.store import Store
from worker.claimer import Claimer
from worker.courier import Courier, NotSent
from worker.egress import EgressPolicy
from worker.http1.sender import Http1Sender
from worker.in_flight import HeldAttempt, InFlight
from worker.janitor import Janitor
from worker.outcome import Reason
from worker.ownership import Ownership
from worker.preparer import Preparer
from worker.queue_configs import QueueConfigs
from worker.redirects import RedirectFollower
from worker.renewer import Renewer
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
        tls: dict[str, Any] = {"target_ca": settings.target_ca, "target_tls": settings.target_tls}
        egress = EgressPolicy(settings.egress)
        http_sender = sender or Http1Sender(egress, rewrites=settings.target_rewrites, **tls)
        app_engine_sender = sender or Http1Sender(EgressPolicy.ANY, **tls)
        self._senders = {http_sender, app_engine_sender}
        self._node = secrets.token_hex(8)
        self._in_flight = InFlight(settings.max_in_flight)
        metrics.dispatcher_in_flight.set_function(lambda: len(self._in_flight.held))
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
        self._stopping = False

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
        deliveries = [held.delivery for held in self._in_flight.held.values() if held.delivery]
        if deliveries:
            log.info("draining %d requests", len(deliveries))
            await asyncio.wait(deliveries, timeout=self._settings.drain_s)
        for held in list(self._in_flight.held.values()):
            self._abort(held)
        try:
            async with asyncio.timeout(_SETTLED_WITHIN_S):
                await asyncio.gather(*deliveries, return_exceptions=True)
                await self._settler.drained()
        except TimeoutError:
            self._settler.abandon()
            log.warning("the store is away: %d results are left to be redelivered", len(self._in_flight.held))
        await _end(self._services)
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

    def _deliver(self, attempt: HeldAttempt, now_us: int) -> None:
        attempt.delivery = asyncio.create_task(self._make_attempt(attempt, now_us))

    async def _make_attempt(self, attempt: HeldAttempt, now_us: int) -> None:
        try:
            if self._stopping:
                raise NotSent("the dispatcher is stopping")
            result = await self._courier.carry(attempt, now_us)
        except NotSent as error:
            log.info("task %s not sent: %s", attempt.key.task_id, error)
            await self._give_back(attempt)
        except DamagedRecord as error:
            log.error("task %s has a damaged record, which counts as a failed attempt: %s", attempt.key.task_id, error)
            attempt.failure = Reason.UNSENDABLE.value
            self._settler.settle(attempt, Result(attempt.key, Outcome.UNANSWERED, 0))
        except asyncio.CancelledError:
            if attempt.lost:
                self._forget(attempt)
            else:
                self._settler.settle(attempt, Result(attempt.key, Outcome.UNANSWERED, 0))
        except Exception:
            # A defect of ours must not hold the lease for ever: it counts as a failed attempt.
            log.exception("task %s failed for an unexpected reason", attempt.key.task_id)
            self._settler.settle(attempt, Result(attempt.key, Outcome.UNANSWERED, 0))
        else:
            self._settler.settle(attempt, result)

    async def _give_back(self, attempt: HeldAttempt) -> None:
        try:
            await self._store.attempts.release(attempt.partition, [attempt.claimed])
            self._metrics.released_tasks_total.inc()
        except HeadraceError as error:
            log.warning("task %s not given back, its lease will end: %s", attempt.key.task_id, error)
        finally:
            self._forget(attempt)

    def _abort(self, attempt: HeldAttempt) -> None:
        """Abort the request. What is not sent yet is given back by its delivery itself."""
        if attempt.delivery and attempt.sent:
            attempt.delivery.cancel()

    def _lease_ends(self, attempt: HeldAttempt) -> None:
        """The attempt's lease could not be renewed: from now on another dispatcher may have the task."""
        if attempt.delivery and attempt.sent and not attempt.delivery.done():
            self._metrics.leases_lost_total.inc()
            attempt.delivery.cancel()

    def _settled(self, attempt: HeldAttempt, result: Result, settled: Settled) -> None:
        self._forget(attempt)
        if attempt.log:
            attempt.log.settled(result, settled)
        if settled is Settled.STALE:
            self._metrics.stale_results_total.inc()
            return
        config = self._configs.known(attempt.partition, attempt.key.queue_id, 0)
        if config and settled is Settled.RETRY:
            config.metrics.retry(attempt.failure)
        elif config and settled is Settled.EXHAUSTED:
            config.metrics.tasks_exhausted.inc()

    def _forget(self, attempt: HeldAttempt) -> None:
        self._in_flight.remove(attempt)
        self._claimer.room_made()


async def _end(services: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel until they have ended: on Python 3.11 `asyncio.wait_for`, which the Redis client uses, may lose one."""
    running = set(services)
    while running:
        for service in running:
            service.cancel()
        _, running = await asyncio.wait(running, timeout=_CANCELLED_AGAIN_AFTER_S)
