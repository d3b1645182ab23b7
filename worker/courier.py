"""One attempt from claim to result: read the record, build the request, send it, say what came of it."""

import asyncio
import logging
import time

from broker.errors import HeadraceError
from broker.identity.tokens import OidcMinter
from broker.model.task import HttpRequest
from broker.store.attempts import AttemptStore, Outcome, Result
from broker.store.record import DamagedRecord, Record
from worker import outcome as outcomes
from worker.in_flight import HeldAttempt
from worker.queue_configs import QueueConfig, QueueConfigs
from worker.request import Delivery, OutgoingRequest, build_request
from worker.sender import Sender

_PREPARED_WITHIN_S = 0.1

_STORE_OUTCOMES = {
    outcomes.OutcomeKind.DONE: Outcome.DONE,
    outcomes.OutcomeKind.ANSWERED: Outcome.ANSWERED,
    outcomes.OutcomeKind.NO_ANSWER: Outcome.UNANSWERED,
}

log = logging.getLogger(__name__)


class NotSent(Exception):
    """The attempt was not sent: it is to be given back."""


class Courier:
    """Carries claimed tasks to their targets."""

    def __init__(self, attempts: AttemptStore, configs: QueueConfigs, minter: OidcMinter, sender: Sender) -> None:
        self._attempts = attempts
        self._configs = configs
        self._minter = minter
        self._sender = sender

    async def carry(self, attempt: HeldAttempt, now_us: int) -> Result:
        """Make the attempt; `now_us` is the claim's time.

        Raises NotSent if the request could not be prepared at once, or if the lease may have ended meanwhile;
        DamagedRecord if there is no request in the task. Once it is sent, cancelling aborts it.
        """
        try:
            async with asyncio.timeout(_PREPARED_WITHIN_S):
                config, record = await self._read(attempt)
                authorization = await self._authorization(record.request, now_us)
        except (TimeoutError, HeadraceError) as error:
            raise NotSent(str(error) or "it took too long to prepare the request") from error
        if attempt.lost or asyncio.get_running_loop().time() >= attempt.lease_until_s:
            raise NotSent("its lease may have ended before it could be sent")
        request = build_request(_delivery(attempt, config, record), authorization)
        attempt.sent = True
        metrics = config.metrics
        metrics.dispatches.inc()
        metrics.dispatch_lateness_seconds.observe(max(0, now_us - record.header.schedule_us) / 1e6)
        outcome = await self._send(request, config)
        return Result(attempt.key, _STORE_OUTCOMES[outcome.kind], outcome.status, outcome.retry_after_us)

    async def _send(self, request: OutgoingRequest, config: QueueConfig) -> outcomes.Outcome:
        started_s = time.perf_counter()
        outcome = await self._sender.send(request)
        config.metrics.attempt_seconds.observe(time.perf_counter() - started_s)
        config.metrics.response(outcome.response_class)
        if outcome.detail:
            log.debug("%s: %s", config.queue.name, outcome.detail)
        return outcome

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

    async def _authorization(self, request: HttpRequest, now_us: int) -> str | None:
        token = request.oidc_token
        if token is None:
            return None
        audience = token.audience or request.url
        return await self._minter.authorization(token.service_account_email, audience, now_us)


def _delivery(attempt: HeldAttempt, config: QueueConfig, record: Record) -> Delivery:
    header = record.header
    # A record read before the claim's bookkeeping does not count this attempt yet.
    counted = header.fence == attempt.key.fence
    return Delivery(
        queue_id=config.queue.name.queue_id,
        task_id=attempt.key.task_id,
        request=record.request,
        schedule_us=header.schedule_us,
        retry_count=header.dispatches - counted,
        execution_count=header.answers,
        previous_status=header.last_status if header.ended else None,
        dispatch_deadline_us=record.dispatch_deadline_us,
    )
