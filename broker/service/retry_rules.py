"""Which retry configurations are allowed, for queues and for tasks (Cloud Tasks specification, 2.4)."""

from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.service import our_texts, texts

# Redis scripts compute with doubles: whole microseconds are exact up to here, some 285 years.
_LONGEST_DURATION_US = 2**53 - 1


def check_retry_config(config: RetryConfig) -> None:
    """Raise HeadraceError, in Google's words, unless every field is in its range."""
    if config.max_attempts < UNLIMITED_ATTEMPTS:
        raise texts.max_attempts_too_small()
    if config.max_doublings < 0:
        raise texts.negative("RetryConfig.maxDoublings")
    _check_duration("RetryConfig.minBackoff", config.min_backoff_us)
    _check_duration("RetryConfig.maxBackoff", config.max_backoff_us)
    _check_duration("RetryConfig.maxRetryDuration", config.max_retry_duration_us)
    if config.min_backoff_us > config.max_backoff_us:
        raise texts.backoffs_crossed()


def _check_duration(field: str, duration_us: int) -> None:
    if duration_us < 0:
        raise texts.negative(field)
    if duration_us > _LONGEST_DURATION_US:
        raise our_texts.duration_too_long(field, _LONGEST_DURATION_US // 1_000_000)
