"""One attempt from claim to result: build the request, send it, say what came of it."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from broker.errors import HeadraceError
from broker.store import attempts as store
from broker.store.attempts import AttemptStore, Result
from broker.store.record import DamagedRecord, Record, schedule_us_of
from worker.attempt_log import AttemptLog
from worker.held_attempt import HeldAttempt
from worker.outcome import Outcome, OutcomeKind, Reason, unanswered
from worker.preparer import Preparer, Unsendable
from worker.queue_configs import QueueConfig, QueueConfigs
from worker.request import OutgoingRequest
from worker.sender import Sender

_PREPARED_WITHIN_S = 0.1
_MOST_TOLD = 1000
_MOST_READS = 4
"""Of large records at once: claims and results share the way from Redis."""
_OVERLOADS = {False: (429, 503), True: (503,)}
"""Statuses that slow a queue down, of HTTP and of App Engine tasks (Cloud Tasks specification, 5.5)."""

_STORE_OUTCOMES = {
    OutcomeKind.DONE: store.Outcome.DONE,
    OutcomeKind.ANSWERED: store.Outcome.ANSWERED,
    OutcomeKind.NO_ANSWER: store.Outcome.UNANSWERED,
}

log = logging.getLogger(__name__)

Settle = Callable[[HeldAttempt, Result], None]
GiveBack = Callable[[HeldAttempt, str], None]


class NotSent(Exception):
    """The attempt was not sent: it is to be given back."""


class Courier:
    """Carries claimed tasks to their targets. Of each it says once what came of it, by `settle` or `give_back`.

    Where all that a request takes is at hand, an attempt needs no task of the event loop: it is built and sent in one
    go, and the connection's callback brings the answer.

    App Engine tasks have a sender of their own: their targets are the operator's choice, so no egress policy holds.
    """

    def __init__(
        self,
        attempts: AttemptStore,
        configs: QueueConfigs,
        preparer: Preparer,
        sender: Sender,
        app_engine_sender: Sender,
        *,
        overload_control: bool,
        lease_left_s: float,
        settle: Settle,
        give_back: GiveBack,
    ) -> None:
        """`lease_left_s`: with less of its lease left no attempt is begun."""
        self._attempts = attempts
        self._configs = configs
        self._preparer = preparer
        self._sender = sender
        self._app_engine_sender = app_engine_sender
        self._overload_control = overload_control
        self._lease_left_s = lease_left_s
        self._settle = settle
        self._give_back = give_back
        self._told: set[str] = set()
        self._reads = asyncio.Semaphore(_MOST_READS)

    def carry(self, attempt: HeldAttempt) -> None:
        """Make the attempt."""
        claimed = attempt.claimed
        config = self._configs.known(attempt.partition, claimed.key.queue_id, claimed.config_version)
        attempt.config = config
        if config is None or claimed.record is None:
            attempt.preparing = asyncio.create_task(self._prepare(attempt, claimed.record))
            return
        try:
            request = self._preparer.at_once(claimed.key, config, claimed.record, attempt.claimed_us)
            if request is None:
                attempt.preparing = asyncio.create_task(self._prepare(attempt, claimed.record))
            else:
                self._send(attempt, config, claimed.record, request)
        except Exception as error:
            self._give_up(attempt, error)

    async def _prepare(self, attempt: HeldAttempt, raw: bytes | None) -> None:
        """Fetch what is missing, then send."""
        try:
            if raw is None:
                async with self._reads:
                    raw = await self._attempts.read(attempt.partition, attempt.key)
            async with asyncio.timeout(_PREPARED_WITHIN_S):
                config = attempt.config or await self._configs.fetch(attempt.partition, attempt.key.queue_id)
                if config is None or raw is None:
                    raise NotSent("the task was deleted meanwhile")
                attempt.config = config
                request = await self._preparer.prepare(attempt.key, config, raw, attempt.claimed_us)
            self._send(attempt, config, raw, request)
        except TimeoutError:
            self._give_back(attempt, "it took too long to prepare the request")
        except Exception as error:
            self._give_up(attempt, error)

    def _send(self, attempt: HeldAttempt, config: QueueConfig, raw: bytes, request: OutgoingRequest) -> None:
        if attempt.lost or asyncio.get_running_loop().time() + self._lease_left_s >= attempt.lease_until_s:
            raise NotSent("its lease might end before it could be renewed")
        if config.queue.sampling_ratio:
            attempt.log = AttemptLog.of(attempt.key, config.queue, Record.unpack(raw), attempt.claimed_us)
        of_app_engine = request.shape.of_app_engine
        sender = self._app_engine_sender if of_app_engine else self._sender
        if attempt.log:
            attempt.log.sent(request)
        attempt.sent_s = time.perf_counter()
        attempt.sending = sender.begin(request, partial(self._ended, attempt, _OVERLOADS[of_app_engine]))
        config.metrics.dispatches.inc()
        config.metrics.dispatch_lateness_seconds.observe(max(0, attempt.claimed_us - schedule_us_of(raw)) / 1e6)

    def _give_up(self, attempt: HeldAttempt, error: Exception) -> None:
        """No outcome: give it back, or count it as failed if that would only repeat itself."""
        if isinstance(error, NotSent | HeadraceError):
            self._give_back(attempt, str(error))
            return
        result = Result(attempt.key, store.Outcome.UNANSWERED, 0)
        if isinstance(error, Unsendable):
            result = self._result(attempt, unanswered(Reason.UNSENDABLE, str(error)))
        elif isinstance(error, DamagedRecord):
            attempt.failure = Reason.UNSENDABLE.value
            log.error("task %s has a damaged record, which counts as a failed attempt: %s", attempt.key.task_id, error)
        else:
            # A defect of ours must not hold the lease for ever: it counts as a failed attempt.
            log.error("task %s failed for an unexpected reason", attempt.key.task_id, exc_info=error)
        self._settle(attempt, result)

    def _ended(self, attempt: HeldAttempt, overloads: tuple[int, ...], outcome: Outcome) -> None:
        """The request is over."""
        attempt.sending = None
        try:
            if attempt.log:
                attempt.log.answered()
            result = self._result(attempt, outcome)
        except Exception as error:
            self._give_up(attempt, error)
            return
        if self._overload_control and outcome.status in overloads:
            result = result._replace(overloaded=True)
        self._settle(attempt, result)

    def _result(self, attempt: HeldAttempt, outcome: Outcome) -> Result:
        """What an outcome is to the store; it is counted, and logged if something went wrong."""
        attempt.failure = outcome.response_class()
        assert attempt.config is not None
        metrics = attempt.config.metrics
        metrics.response(attempt.failure)
        if attempt.sent_s:
            metrics.attempt_seconds.observe(time.perf_counter() - attempt.sent_s)
        if outcome.detail:
            self._tell(attempt.config, outcome)
        return Result(attempt.key, _STORE_OUTCOMES[outcome.kind], outcome.status, outcome.retry_after_us)

    def _tell(self, config: QueueConfig, outcome: Outcome) -> None:
        """Log what went wrong; louder, but once, what only the operator can mend."""
        line = f"{config.queue.name}: {outcome.detail}"
        is_news = outcome.reason is Reason.UNSENDABLE and line not in self._told
        log.log(logging.WARNING if is_news else logging.DEBUG, "%s", line)
        if is_news:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told.add(line)
