"""The retry_parameters of a queue file (section 8.1)."""

from broker.model.queue import QueueKind
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.service.queue_file.entry import DEFAULT_RETRY
from broker.service.queue_file.problems import invalid
from broker.service.queue_file.scalars import age_us, seconds_us, whole
from broker.service.queue_file.section import Section

_PUSH_ONLY = ("task_age_limit", "min_backoff_seconds", "max_backoff_seconds", "max_doublings")
_KEYS = ("task_retry_limit", *_PUSH_ONLY)


def read_retry(queue: Section, kind: QueueKind) -> RetryConfig:
    """The retry configuration of a queue's section. Raises HeadraceError."""
    section = queue.section("retry_parameters", "retry_parameters", _KEYS)
    max_attempts = _max_attempts(section, kind)
    if kind is QueueKind.PULL:
        for key in _PUSH_ONLY:
            if node := section.node(key):
                raise invalid(f"Can't specify {key} for a pull queue", node.line)
        return RetryConfig(max_attempts=max_attempts)
    age_limit_us = _age_limit_us(section)
    min_backoff_us, max_backoff_us = _backoffs_us(section)
    return RetryConfig(max_attempts, age_limit_us, min_backoff_us, max_backoff_us, _max_doublings(section))


def _max_attempts(section: Section, kind: QueueKind) -> int:
    """One more than the retries that the file counts; a pull task is leased as often as the file says."""
    text = section.text("task_retry_limit")
    if text is None:
        return UNLIMITED_ATTEMPTS
    limit = whole("task_retry_limit", text)
    if limit < 0:
        raise invalid("Task retry limit must not be less than zero", text.line)
    return limit if kind is QueueKind.PULL else limit + 1


def _age_limit_us(section: Section) -> int:
    text = section.text("task_age_limit")
    if text is None:
        return DEFAULT_RETRY.max_retry_duration_us
    limit_us = age_us(text)
    if limit_us <= 0:
        raise invalid("Task age limit must be greater than zero", text.line)
    return limit_us


def _backoffs_us(section: Section) -> tuple[int, int]:
    """Both back-offs. One that is not given makes way for one that is."""
    smallest = _backoff_us(section, "min_backoff_seconds", "Min backoff")
    largest = _backoff_us(section, "max_backoff_seconds", "Max backoff")
    if smallest is not None and largest is not None and smallest > largest:
        raise invalid("Min backoff sec must not be greater than than max backoff sec", section.line)
    if smallest is None:
        smallest = min(DEFAULT_RETRY.min_backoff_us, DEFAULT_RETRY.max_backoff_us if largest is None else largest)
    if largest is None:
        largest = max(DEFAULT_RETRY.max_backoff_us, smallest)
    return smallest, largest


def _backoff_us(section: Section, key: str, words: str) -> int | None:
    text = section.text(key)
    if text is None:
        return None
    backoff_us = seconds_us(key, text)
    if backoff_us < 0:
        raise invalid(f"{words} seconds must not be less than zero", text.line)
    return backoff_us


def _max_doublings(section: Section) -> int:
    text = section.text("max_doublings")
    if text is None:
        return DEFAULT_RETRY.max_doublings
    doublings = whole("max_doublings", text)
    if doublings < 0:
        raise invalid("Max doublings must not be less than zero", text.line)
    return doublings
