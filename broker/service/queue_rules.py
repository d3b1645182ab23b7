"""From what a caller asked for to a queue's configuration (Cloud Tasks specification, 2.3, 2.4 and 3.6)."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from broker.model.bucket import default_burst
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import PULL_RATE_LIMITS, Queue, QueueKind, RateLimits
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.model.task import AppEngineRouting
from broker.service import our_texts, pull_texts, texts
from broker.service.drafts import HttpTargetDraft, QueueDraft
from broker.service.retry_rules import check_retry_config
from broker.service.routing_rules import changed_app_engine_routing, changed_http_target
from broker.service.update_mask import (
    CREATION_LEAVES,
    ROUTING_LEAVES,
    TARGET_LEAVES,
    check_mask,
    selected_fields,
)

_DEFAULT_RATE_LIMITS = RateLimits()
_DEFAULT_RETRY_CONFIG = RetryConfig()
_PULL_RETRY_CONFIG = RetryConfig(max_attempts=UNLIMITED_ATTEMPTS)
_RETRY_FIELDS = ("max_attempts", "max_retry_duration_us", "min_backoff_us", "max_backoff_us", "max_doublings")

# One dispatch in thirty years; below it the time to the next token leaves the exact range of a double.
_SMALLEST_RATE = 1e-9

# Of tasks from 10 days to 10 years, of tombstones from 1 hour to 9 days.
_LIFETIMES_S = {"task_ttl_us": (864_000, 315_360_000), "tombstone_ttl_us": (3_600, 777_600)}
_CREATION_FIELDS = {"kind": "Queue.type", "task_ttl_us": "Queue.taskTtl", "tombstone_ttl_us": "Queue.tombstoneTtl"}


def new_queue(name: QueueName, draft: QueueDraft, mask: Sequence[str], limits: Limits) -> Queue:
    """A queue with what `mask` selects of `draft` for good, and the defaults of whatever can be changed later.

    Raises HeadraceError.
    """
    blank = Queue(
        name=name,
        task_ttl_us=limits.task_ttl_s * 1_000_000,
        tombstone_ttl_us=limits.task_tombstone_s * 1_000_000,
    )
    given = _given_for_good(draft, mask)
    for field, (shortest_s, longest_s) in _LIFETIMES_S.items():
        if field in given and not shortest_s * 1_000_000 <= given[field] <= longest_s * 1_000_000:
            raise our_texts.lifetime_range(_CREATION_FIELDS[field], shortest_s, longest_s)
    queue = replace(blank, **given)
    if queue.kind is QueueKind.PULL:
        return replace(queue, rate_limits=PULL_RATE_LIMITS, retry_config=_PULL_RETRY_CONFIG)
    return queue


def changed_queue(queue: Queue, draft: QueueDraft, mask: Sequence[str], limits: Limits) -> Queue:
    """`queue` with what `mask` selects taken from `draft`; selected but not given means the default.

    Raises HeadraceError. What is kept from the creation on may be given again, but not named with another value.
    """
    check_mask(mask)
    _check_kept(queue, draft, mask)
    if queue.kind is QueueKind.PULL:
        return _changed_pull_queue(queue, draft, mask)
    fields = selected_fields(mask)
    target_parts, routing_parts = selected_fields(mask, TARGET_LEAVES), selected_fields(mask, ROUTING_LEAVES)
    changed = replace(
        queue,
        rate_limits=_rate_limits(queue.rate_limits, draft, fields, limits),
        retry_config=_retry_config(queue.retry_config, draft, fields),
        http_target=changed_http_target(queue.http_target, draft.http_target, target_parts, limits),
        app_engine_routing=changed_app_engine_routing(
            queue.app_engine_routing, draft.app_engine_routing, routing_parts
        ),
    )
    if "sampling_ratio" in fields:
        changed = replace(changed, sampling_ratio=_sampling_ratio(draft.sampling_ratio))
    return changed


def _given_for_good(draft: QueueDraft, mask: Sequence[str]) -> dict[str, Any]:
    """What a draft gives, and a mask selects, of the attributes that are set at creation."""
    given = {field: getattr(draft, field) for field in selected_fields(mask, CREATION_LEAVES)}
    return {field: value for field, value in given.items() if value is not None}


def _check_kept(queue: Queue, draft: QueueDraft, mask: Sequence[str]) -> None:
    if not mask and draft.kind not in (None, queue.kind):
        raise our_texts.set_at_creation(_CREATION_FIELDS["kind"])
    for field, value in _given_for_good(draft, mask).items() if mask else ():
        if getattr(queue, field) != value:
            raise our_texts.set_at_creation(_CREATION_FIELDS[field])


def _changed_pull_queue(queue: Queue, draft: QueueDraft, mask: Sequence[str]) -> Queue:
    """Of a pull queue, rates and all retry settings but the number of attempts are output only: ignored."""
    if selected_fields(mask, TARGET_LEAVES) and draft.http_target != HttpTargetDraft():
        raise pull_texts.pull_target("Queue.httpTarget")
    if selected_fields(mask, ROUTING_LEAVES) and draft.app_engine_routing != AppEngineRouting():
        raise pull_texts.pull_target("Queue.appEngineRoutingOverride")
    changed, fields = queue, selected_fields(mask)
    if "max_attempts" in fields:
        config = replace(queue.retry_config, max_attempts=draft.max_attempts or UNLIMITED_ATTEMPTS)
        check_retry_config(config)
        changed = replace(changed, retry_config=config)
    if "sampling_ratio" in fields:
        changed = replace(changed, sampling_ratio=_sampling_ratio(draft.sampling_ratio))
    return changed


def _rate_limits(current: RateLimits, draft: QueueDraft, fields: frozenset[str], limits: Limits) -> RateLimits:
    rate = current.max_dispatches_per_second
    if "max_dispatches_per_second" in fields:
        rate = _rate(draft.max_dispatches_per_second, limits)
    concurrency = current.max_concurrent_dispatches
    if "max_concurrent_dispatches" in fields:
        concurrency = _concurrency(draft.max_concurrent_dispatches, limits)
    burst = current.max_burst_size
    if "max_burst_size" in fields and draft.max_burst_size:
        burst = _burst(draft.max_burst_size, limits)
    elif rate != current.max_dispatches_per_second:
        burst = default_burst(rate)
    return RateLimits(rate, burst, concurrency)


def _rate(given: float | None, limits: Limits) -> float:
    largest = limits.max_dispatches_per_second
    if not given:
        return min(_DEFAULT_RATE_LIMITS.max_dispatches_per_second, largest)
    if given < 0:
        raise texts.negative("RateLimits.maxDispatchesPerSecond")
    if given > largest:
        raise texts.above("RateLimits.maxDispatchesPerSecond", largest)
    if math.isnan(given) or given < _SMALLEST_RATE:
        raise our_texts.rate_too_small(_SMALLEST_RATE)
    return float(given)


def _concurrency(given: int | None, limits: Limits) -> int:
    largest = limits.max_concurrent_dispatches
    if not given:
        return min(_DEFAULT_RATE_LIMITS.max_concurrent_dispatches, largest)
    if given < 0:
        raise texts.negative("RateLimits.maxConcurrentDispatches")
    if given > largest:
        raise texts.above("RateLimits.maxConcurrentDispatches", largest)
    return given


def _burst(given: int, limits: Limits) -> int:
    if given < 0:
        raise texts.negative("RateLimits.maxBurstSize")
    if given > limits.max_burst_size:
        raise texts.burst_too_large(limits.max_burst_size)
    return given


def _retry_config(current: RetryConfig, draft: QueueDraft, fields: frozenset[str]) -> RetryConfig:
    given: dict[str, int | None] = {field: getattr(draft, field) for field in _RETRY_FIELDS if field in fields}
    if given.get("max_attempts") == 0:
        given["max_attempts"] = None  # proto3 cannot tell 0 from "not given"
    defaults = {field: getattr(_DEFAULT_RETRY_CONFIG, field) for field in given}
    changes = {field: defaults[field] if value is None else value for field, value in given.items()}
    config = replace(current, **changes)
    check_retry_config(config)
    return config


def _sampling_ratio(given: float | None) -> float:
    ratio = given or 0.0
    if not 0.0 <= ratio <= 1.0:
        raise our_texts.sampling_ratio_range()
    return ratio
