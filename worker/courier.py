"""One attempt from claim to result: read the record, build the request, send it, say what came of it."""

import asyncio
import logging
import time
from dataclasses import replace

from broker.errors import HeadraceError
from broker.model.task import AppEngineHttpRequest
from broker.store.attempts import AttemptStore, Outcome, Result
from broker.store.record import Record
from worker import outcome as outcomes
from worker.attempt_log import AttemptLog
from worker.in_flight import HeldAttempt
from worker.preparer import Preparer, Unsendable
from worker.queue_configs import QueueConfig, QueueConfigs
from worker.sender import Sender

_PREPARED_WITHIN_S = 0.1
_MOST_TOLD = 1000
_OVERLOADS = {False: (429, 503), True: (503,)}
"""Statuses that slow a queue down, of HTTP and of App Engine tasks (Cloud Tasks specification, 5.5)."""

_STORE_OUTCOMES = {
    outcomes.OutcomeKind.DONE: Outcome.DONE,
    outcomes.OutcomeKind.ANSWERED: Outcome.ANSWERED,
    outcomes.OutcomeKind.NO_ANSWER: Outcome.UNANSWERED,
}

log = logging.getLogger(__name__)


class NotSent(Exception):
    """The attempt was not sent: it is to be given back."""


class Courier:
    """Carries claimed tasks to their targets.

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
    ) -> None:
        self._attempts = attempts
        self._configs = configs
        self._preparer = preparer
        self._sender = sender
        self._app_engine_sender = app_engine_sender
        self._overload_control = overload_control
        self._told: set[str] = set()

    async def carry(self, attempt: HeldAttempt, now_us: int) -> Result:
        """Make the attempt; `now_us` is the claim's time.

        Raises NotSent if the request could not be prepared at once, or if the lease may have ended meanwhile;
        DamagedRecord if there is no request in the task. Once it is sent, cancelling aborts it.
        """
        try:
            async with asyncio.timeout(_PREPARED_WITHIN_S):
                config, record = await self._read(attempt)
                if config.queue.sampling_ratio:
                    attempt.log = AttemptLog.of(attempt.key, config.queue, record, now_us)
                request = await self._preparer.prepare(attempt.key, config.queue, record, now_us)
        except (TimeoutError, HeadraceError) as error:
            raise NotSent(str(error) or "it took too long to prepare the request") from error
        except Unsendable as error:
            outcome = outcomes.unanswered(outcomes.Reason.UNSENDABLE, str(error))
            attempt.failure = outcome.response_class
            self._tell(config, outcome)
            return _result(attempt, outcome)
        if attempt.lost or asyncio.get_running_loop().time() >= attempt.lease_until_s:
            raise NotSent("its lease may have ended before it could be sent")
        attempt.sent = True
        if attempt.log:
            attempt.log.sent(request)
        metrics = config.metrics
        metrics.dispatches.inc()
        metrics.dispatch_lateness_seconds.observe(max(0, now_us - record.header.schedule_us) / 1e6)
        of_app_engine = isinstance(record.request, AppEngineHttpRequest)
        started_s = time.perf_counter()
        outcome = await (self._app_engine_sender if of_app_engine else self._sender).send(request)
        metrics.attempt_seconds.observe(time.perf_counter() - started_s)
        if attempt.log:
            attempt.log.answered()
        attempt.failure = outcome.response_class
        self._tell(config, outcome)
        overloaded = self._overload_control and outcome.status in _OVERLOADS[of_app_engine]
        return replace(_result(attempt, outcome), overloaded=overloaded)

    def _tell(self, config: QueueConfig, outcome: outcomes.Outcome) -> None:
        """Count an outcome and log what went wrong; louder, but once, what only the operator can mend."""
        config.metrics.response(outcome.response_class)
        if not outcome.detail:
            return
        line = f"{config.queue.name}: {outcome.detail}"
        is_news = outcome.reason is outcomes.Reason.UNSENDABLE and line not in self._told
        log.log(logging.WARNING if is_news else logging.DEBUG, "%s", line)
        if is_news:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told.add(line)

    async def _read(self, attempt: HeldAttempt) -> tuple[QueueConfig, Record]:
        key, claimed = attempt.key, attempt.claimed
        config = self._configs.known(attempt.partition, key.queue_id, claimed.config_version)
        if config is None:
            config = await self._configs.fetch(attempt.partition, key.queue_id)
        raw = claimed.record
        if raw is None:
            raw = await self._attempts.read(attempt.partition, key)
        if config is None or raw is None:
            raise NotSent("the task was deleted meanwhile")
        return config, Record.unpack(raw)


def _result(attempt: HeldAttempt, outcome: outcomes.Outcome) -> Result:
    return Result(attempt.key, _STORE_OUTCOMES[outcome.kind], outcome.status, outcome.retry_after_us)
