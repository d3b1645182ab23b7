"""What the operation log says of one attempt (Cloud Tasks specification, 5.14)."""

import time
from dataclasses import dataclass
from typing import Any

from broker import operation_logs
from broker.errors import code_of
from broker.model.names import TaskName
from broker.model.queue import Queue
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, HttpRequest
from broker.operation_logs import Operation, Target, TargetType
from broker.store.attempts import AttemptKey, Result, Settled
from broker.store.record import FORCED, Record
from worker.outcome import LONGEST_RETRY_AFTER_S
from worker.request import OutgoingRequest


@dataclass(slots=True)
class AttemptLog:
    """An attempt of a task whose operations are logged."""

    task: TaskName
    target: Target
    retry: RetryConfig
    record: Record
    dispatches: int
    claimed_us: int
    started_s: float
    ended_s: float | None = None

    @classmethod
    def of(cls, key: AttemptKey, queue: Queue, record: Record, claimed_us: int) -> "AttemptLog | None":
        """The log of an attempt that was claimed at that time; None if its task is not sampled."""
        task = queue.name.task(key.task_id)
        if not operation_logs.is_sampled(task, queue.sampling_ratio):
            return None
        header = record.header
        # A record read before the claim's bookkeeping does not count this attempt yet.
        dispatches = header.dispatches + (header.fence != key.fence)
        retry = record.own_retry or queue.retry_config
        return cls(task, _own_target(record), retry, record, dispatches, claimed_us, time.monotonic())

    def sent(self, request: OutgoingRequest) -> None:
        """Log that the request is on its way."""
        self.target = Target(self.target.type, request.shape.method, request.shape.url)
        self.started_s = time.monotonic()
        self._write(Operation.DISPATCH, "OK", {})

    def answered(self) -> None:
        """The request is over."""
        self.ended_s = time.monotonic()

    def settled(self, result: Result, settled: Settled) -> None:
        """Log what the attempt came to."""
        code = code_of(result.http_status)
        duration_s = (self.ended_s or time.monotonic()) - self.started_s
        fields = {"attemptDuration": operation_logs.span(round(duration_s * 1e6))}
        if settled is Settled.RETRY:
            fields["retryTime"] = operation_logs.moment(self._retry_us(result, round(duration_s * 1e6)))
        self._write(Operation.RESPONSE, code.name if code else "OK", fields)

    def _retry_us(self, result: Result, duration_us: int) -> int:
        """When the task is tried again, as the store computes it; the store's clock is read as that of the claim."""
        now_us = self.claimed_us + duration_us
        forced = bool(self.record.header.flags & FORCED)
        backed_off_us = self.retry.interval_us(self.record.header.ended + 1)
        wish_us = min(result.retry_after_us, self.retry.max_backoff_us, LONGEST_RETRY_AFTER_S * 1_000_000)
        return max((self.claimed_us if forced else now_us) + backed_off_us, now_us + wish_us)

    def _write(self, operation: Operation, status: str, fields: dict[str, Any]) -> None:
        header = self.record.header
        counts = {
            "dispatchCount": str(self.dispatches),
            "responseCount": str(header.responses),
            "maxAttempts": max(0, self.retry.max_attempts),
            "scheduleTime": operation_logs.moment(header.schedule_us),
        }
        operation_logs.write(self.task, operation, self.target, status, counts | fields)


def _own_target(record: Record) -> Target:
    """Where the task itself says that it goes, for a request that could not be made."""
    request = record.request
    if isinstance(request, HttpRequest):
        return Target(TargetType.HTTP, request.method, request.url)
    if isinstance(request, AppEngineHttpRequest):
        return Target(TargetType.APP_ENGINE, request.method, request.relative_uri)
    return Target(TargetType.PULL)
