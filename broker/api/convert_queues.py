"""What a queue is called alike in the versions of Cloud Tasks <-> the model. Pure.

A module for each version, `convert_v2` and so on, makes whole messages of it. Whatever a proto3 scalar cannot tell from
unset (0, "") counts as not given (section 2.3).
"""

from typing import Any

from broker.api.convert_routing import http_target_fields, read_http_target
from broker.api.moments import duration, read_duration_us, timestamp
from broker.model.queue import Queue, QueueStats, RateLimits
from broker.model.retry import RetryConfig


def read_queue_fields(queue: Any) -> dict[str, Any]:
    """Fields of a draft: name, retries, routing of HTTP tasks. Output-only fields are ignored."""
    retry, where = queue.retry_config, "queue.retry_config"
    return {
        "name": queue.name,
        "max_attempts": retry.max_attempts or None,
        "max_retry_duration_us": read_duration_us(retry, "max_retry_duration", f"{where}.max_retry_duration"),
        "min_backoff_us": read_duration_us(retry, "min_backoff", f"{where}.min_backoff"),
        "max_backoff_us": read_duration_us(retry, "max_backoff", f"{where}.max_backoff"),
        "max_doublings": retry.max_doublings or None,
        "http_target": read_http_target(queue.http_target),
    }


def read_rates(
    limits: Any, *, rate: str = "max_dispatches_per_second", concurrency: str = "max_concurrent_dispatches"
) -> dict[str, Any]:
    """Fields of a draft: rate and concurrency, by the names that the version gives them."""
    return {
        "max_dispatches_per_second": getattr(limits, rate) or None,
        "max_concurrent_dispatches": getattr(limits, concurrency) or None,
    }


def read_beta_fields(queue: Any) -> dict[str, Any]:
    """Fields of a draft that v2 cannot set: burst size, and how long tasks and their tombstones live."""
    return {
        "max_burst_size": queue.rate_limits.max_burst_size or None,
        "task_ttl_us": read_duration_us(queue, "task_ttl", "queue.task_ttl"),
        "tombstone_ttl_us": read_duration_us(queue, "tombstone_ttl", "queue.tombstone_ttl"),
    }


def read_sampling_ratio(queue: Any) -> float | None:
    """The share of the operations to log, None if not given."""
    is_given = queue.HasField("stackdriver_logging_config")
    return float(queue.stackdriver_logging_config.sampling_ratio) if is_given else None


def queue_fields(queue: Queue) -> dict[str, Any]:
    """A queue as callers see it, defaults filled in (section 2.12)."""
    purge_us = queue.purge_time_us
    return {
        "name": str(queue.name),
        "rate_limits": rate_fields(queue.rate_limits),
        "retry_config": retry_fields(queue.retry_config),
        "state": queue.state.value,
        "purge_time": None if purge_us is None else timestamp(purge_us),
        "http_target": queue.http_target and http_target_fields(queue.http_target),
    }


def rate_fields(
    limits: RateLimits, *, rate: str = "max_dispatches_per_second", concurrency: str = "max_concurrent_dispatches"
) -> dict[str, Any]:
    """The limits of a queue as callers see them, by the names that the version gives them."""
    return {
        rate: limits.max_dispatches_per_second,
        "max_burst_size": limits.max_burst_size,
        concurrency: limits.max_concurrent_dispatches,
    }


def retry_fields(retry: RetryConfig) -> dict[str, Any]:
    """A retry configuration as callers see it."""
    longest_us = retry.max_retry_duration_us
    return {
        "max_attempts": retry.max_attempts,
        "max_retry_duration": duration(longest_us) if longest_us else None,
        "min_backoff": duration(retry.min_backoff_us),
        "max_backoff": duration(retry.max_backoff_us),
        "max_doublings": retry.max_doublings,
    }


def beta_fields(queue: Queue, stats: QueueStats | None) -> dict[str, Any]:
    """What v2 does not show of a queue; statistics only if they were asked for."""
    return {
        "task_ttl": duration(queue.task_ttl_us),
        "tombstone_ttl": duration(queue.tombstone_ttl_us),
        "stats": stats and _stats_fields(stats),
    }


def logging_fields(queue: Queue) -> dict[str, Any] | None:
    """What is logged of a queue's operations, None if nothing is."""
    return {"sampling_ratio": queue.sampling_ratio} if queue.sampling_ratio else None


def _stats_fields(stats: QueueStats) -> dict[str, Any]:
    """How full and how fast a queue is, as callers see it."""
    return {
        "tasks_count": stats.tasks,
        "oldest_estimated_arrival_time": None if stats.next_us is None else timestamp(stats.next_us),
        "executed_last_minute_count": stats.executed_last_minute,
        "concurrent_dispatches_count": stats.in_flight,
        "effective_execution_rate": stats.rate,
    }
