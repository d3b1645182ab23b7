"""Retry parameters as the store keeps them (App Engine specification, 2.11 and 3.3)."""

from broker.model.queue import QueueKind
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.service.app_engine.drafts import RetryDraft
from broker.service.app_engine.errors import Result, TaskQueueError

_DEFAULT = RetryConfig(max_attempts=UNLIMITED_ATTEMPTS)
_MOST = 2**31 - 1
_LONGEST_US = 2**53 - 1


def retry_config(draft: RetryDraft, kind: QueueKind) -> RetryConfig:
    """The configuration that parameters come to: those that are absent take the defaults, not the queue's values.

    Raises INVALID_RETRY_PARAMETERS.
    """
    given = (draft.retry_limit, draft.age_limit_s, draft.min_backoff_s, draft.max_backoff_s, draft.max_doublings)
    if any(value is not None and not value >= 0 for value in given):  # this way round, not a number is refused too
        raise _invalid("Retry parameters cannot be negative.")
    if kind is QueueKind.PULL:
        return RetryConfig(max_attempts=_max_leases(draft))
    smallest_us, largest_us = _us(draft.min_backoff_s), _us(draft.max_backoff_s)
    if smallest_us is not None and largest_us is not None and smallest_us > largest_us:
        raise _invalid("The smallest back-off cannot be longer than the largest.")
    if smallest_us is None:
        smallest_us = min(_DEFAULT.min_backoff_us, _DEFAULT.max_backoff_us if largest_us is None else largest_us)
    if largest_us is None:
        largest_us = max(_DEFAULT.max_backoff_us, smallest_us)
    return RetryConfig(
        max_attempts=UNLIMITED_ATTEMPTS if draft.retry_limit is None else min(draft.retry_limit + 1, _MOST),
        # With both limits a task is tried as long as either allows it; 0 would be no limit, and is the shortest one.
        max_retry_duration_us=0 if draft.age_limit_s is None else max(1, _us(draft.age_limit_s) or 0),
        min_backoff_us=smallest_us,
        max_backoff_us=largest_us,
        max_doublings=_DEFAULT.max_doublings if draft.max_doublings is None else draft.max_doublings,
    )


def _max_leases(draft: RetryDraft) -> int:
    """How often a pull task can be leased: its age counts as 0, so an age limit always allows another time."""
    if draft.retry_limit is None or draft.age_limit_s is not None:
        return UNLIMITED_ATTEMPTS
    return draft.retry_limit


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else int(min(seconds * 1e6, _LONGEST_US))


def _invalid(message: str) -> TaskQueueError:
    return TaskQueueError(Result.INVALID_RETRY_PARAMETERS, message)
