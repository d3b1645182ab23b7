"""What a queue becomes from a draft and a mask: defaults, ranges, replacement (2.3, 2.4, 3.6, 4.3)."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.service.drafts import QueueDraft
from broker.service.queue_rules import changed_queue, new_queue

NAME = QueueName("p", "l", "q")
LIMITS = Limits()
CUSTOM = Queue(
    name=NAME,
    rate_limits=RateLimits(5.0, 33, 7),
    retry_config=RetryConfig(3, 4_000_000, 5_000_000, 6_000_000, 2),
    state=QueueState.PAUSED,
    purge_time_us=1,
    sampling_ratio=0.5,
)


def make(limits=LIMITS, **fields):
    draft = QueueDraft(**fields)
    return changed_queue(new_queue(NAME, draft, (), limits), draft, (), limits)


def change(*mask, **fields):
    return changed_queue(CUSTOM, QueueDraft(**fields), mask, LIMITS)


def test_a_queue_with_no_settings_gets_the_defaults():
    queue = make()
    assert queue == Queue(name=NAME)
    assert queue.rate_limits == RateLimits(500, 100, 1000)
    assert queue.retry_config == RetryConfig(100, 0, 100_000, 3_600_000_000, 16)
    assert queue.state is QueueState.RUNNING
    assert queue.sampling_ratio == 0


def test_zero_asks_for_the_default_where_zero_is_not_a_value():
    assert make(max_dispatches_per_second=0.0, max_concurrent_dispatches=0, max_attempts=0) == Queue(NAME)


def test_zero_is_kept_where_it_is_a_value():
    queue = make(min_backoff_us=0, max_backoff_us=0, max_doublings=0)
    assert queue.retry_config == RetryConfig(min_backoff_us=0, max_backoff_us=0, max_doublings=0)


def test_given_settings_are_kept_exactly():
    queue = make(
        max_dispatches_per_second=0.25,
        max_concurrent_dispatches=5000,
        max_attempts=-1,
        max_retry_duration_us=1_500_000,
        min_backoff_us=123_456,
        max_backoff_us=123_456,
        max_doublings=3,
        sampling_ratio=1.0,
    )
    assert queue.rate_limits == RateLimits(0.25, 10, 5000)
    assert queue.retry_config == RetryConfig(-1, 1_500_000, 123_456, 123_456, 3)
    assert queue.sampling_ratio == 1.0


def test_lifetimes_and_defaults_follow_the_limits():
    limits = Limits(task_ttl_s=60, task_tombstone_s=0, max_dispatches_per_second=50, max_concurrent_dispatches=20)
    queue = make(limits)
    assert (queue.task_ttl_us, queue.tombstone_ttl_us) == (60_000_000, 0)
    assert queue.rate_limits == RateLimits(50, 10, 20)


REFUSED = [
    ({"max_dispatches_per_second": -0.1}, "RateLimits.maxDispatchesPerSecond cannot be negative."),
    (
        {"max_dispatches_per_second": 500.5},
        "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
    ),
    (
        {"max_dispatches_per_second": float("inf")},
        "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
    ),
    (
        {"max_dispatches_per_second": float("nan")},
        "RateLimits.maxDispatchesPerSecond must be a number of at least 1e-09, or 0 for the default.",
    ),
    (
        {"max_dispatches_per_second": 1e-300},
        "RateLimits.maxDispatchesPerSecond must be a number of at least 1e-09, or 0 for the default.",
    ),
    ({"max_concurrent_dispatches": -1}, "RateLimits.maxConcurrentDispatches cannot be negative."),
    (
        {"max_concurrent_dispatches": 5001},
        "RateLimits.maxConcurrentDispatches must be less than or equal to 5000.",
    ),
    ({"max_burst_size": 501}, "Maximum bucket size is 500."),
    ({"max_burst_size": -1}, "RateLimits.maxBurstSize cannot be negative."),
    ({"max_attempts": -2}, "RetryConfig.maxAttempts must be greater or equal to -1."),
    ({"max_doublings": -1}, "RetryConfig.maxDoublings cannot be negative."),
    ({"min_backoff_us": -1}, "RetryConfig.minBackoff cannot be negative."),
    ({"max_backoff_us": -1}, "RetryConfig.maxBackoff cannot be negative."),
    ({"max_retry_duration_us": -1}, "RetryConfig.maxRetryDuration cannot be negative."),
    ({"max_backoff_us": 2**53}, "RetryConfig.maxBackoff must be less than or equal to 9007199254s."),
    (
        {"min_backoff_us": 2_000_000, "max_backoff_us": 1_000_000},
        "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
    ),
    (
        {"min_backoff_us": 3_600_000_001},
        "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
    ),
    ({"sampling_ratio": 1.01}, "StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0."),
    ({"sampling_ratio": -0.01}, "StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0."),
    ({"sampling_ratio": float("nan")}, "StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0."),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED)
def test_values_out_of_range_are_refused_in_the_words_of_the_service(fields, text):
    with pytest.raises(HeadraceError) as refused:
        make(**fields)
    assert (refused.value.code, refused.value.message) == (Code.INVALID_ARGUMENT, text)


def test_the_text_names_the_limit_in_force():
    with pytest.raises(HeadraceError, match=r"must be less than or equal to 2\.5\.$"):
        make(Limits(max_dispatches_per_second=2.5), max_dispatches_per_second=3.0)


def test_an_empty_mask_replaces_everything_settable_and_nothing_else():
    assert change() == replace(Queue(NAME), state=QueueState.PAUSED, purge_time_us=1)
    assert change("*") == change()


LEAF_CHANGES = [
    ("rate_limits.max_concurrent_dispatches", "max_concurrent_dispatches", 9, "rate_limits", 9),
    ("retry_config.max_attempts", "max_attempts", 9, "retry_config", 9),
    ("retry_config.max_attempts", "max_attempts", None, "retry_config", 100),
    ("retry_config.max_retry_duration", "max_retry_duration_us", 9, "retry_config", 9),
    ("retry_config.max_retry_duration", "max_retry_duration_us", None, "retry_config", 0),
    ("retry_config.min_backoff", "min_backoff_us", 9, "retry_config", 9),
    ("retry_config.min_backoff", "min_backoff_us", None, "retry_config", 100_000),
    ("retry_config.max_backoff", "max_backoff_us", 9_000_000, "retry_config", 9_000_000),
    ("retry_config.max_backoff", "max_backoff_us", None, "retry_config", 3_600_000_000),
    ("retry_config.max_doublings", "max_doublings", 0, "retry_config", 0),
    ("retry_config.max_doublings", "max_doublings", None, "retry_config", 16),
]


@pytest.mark.parametrize(("path", "field", "given", "message", "value"), LEAF_CHANGES)
def test_the_path_of_a_leaf_changes_that_leaf_alone(path, field, given, message, value):
    expected = replace(getattr(CUSTOM, message), **{field: value})
    assert change(path, **{field: given}) == replace(CUSTOM, **{message: expected})


def test_the_path_of_a_message_replaces_it_as_a_whole():
    queue = change("retry_config", max_attempts=9, sampling_ratio=0.9, max_dispatches_per_second=9.0)
    assert queue == replace(CUSTOM, retry_config=RetryConfig(max_attempts=9))
    assert change("rate_limits") == replace(CUSTOM, rate_limits=RateLimits())
    assert change("stackdriver_logging_config") == replace(CUSTOM, sampling_ratio=0.0)


def test_the_burst_size_follows_the_rate():
    path = "rate_limits.max_dispatches_per_second"
    assert change(path, max_dispatches_per_second=100.0).rate_limits == RateLimits(100, 20, 7)
    assert change(path, max_dispatches_per_second=5.0).rate_limits == CUSTOM.rate_limits
    assert change("rate_limits.max_burst_size") == CUSTOM
    assert change("rate_limits.max_burst_size", max_burst_size=44).rate_limits.max_burst_size == 44


def test_output_only_paths_are_ignored():
    assert change("name", "state", "purge_time", "rate_limits.max_burst_size") == CUSTOM


@pytest.mark.parametrize(
    "path",
    [
        "colour",
        "rate_limits.",
        "rate_limits.max_tasks_dispatched_per_second",
        "retry_config.min_backoff.seconds",
        "",
        "retryConfig",
        "http_targets",
    ],
)
def test_an_unknown_path_is_refused(path):
    with pytest.raises(HeadraceError) as refused:
        change(path)
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert refused.value.message == f'update_mask has the path "{path}", which is not a field of a queue.'


def test_what_the_mask_leaves_out_is_not_looked_at():
    queue = change("retry_config.max_attempts", max_attempts=1, sampling_ratio=7)
    assert queue == replace(CUSTOM, retry_config=replace(CUSTOM.retry_config, max_attempts=1))


def test_the_back_offs_are_compared_as_they_come_out():
    assert change("retry_config.min_backoff", min_backoff_us=6_000_000)
    with pytest.raises(HeadraceError, match="minBackoff must be less than or equal to"):
        change("retry_config.min_backoff", min_backoff_us=6_000_001)
