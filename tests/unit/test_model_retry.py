"""The retry tables of the specification: intervals (2.5) row by row, and when a task is given up (2.4)."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.retry import RetryConfig

SECOND = 1_000_000

INTERVALS = [
    # smallest and largest back-off in seconds, doublings, the intervals in seconds
    (10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300]),
    (10, 200, 3, [10, 20, 40, 80, 160, 200, 200]),
    (10, 200, 0, [*range(10, 201, 10), 200, 200]),
    (1, 10, 2, [1, 2, 4, 8, 10, 10]),
    (0.1, 3600, 16, [*(0.1 * 2**n for n in range(16)), 3600, 3600]),
    (0, 3600, 16, [0] * 30),
    (0, 0, 0, [0] * 3),
]


@pytest.mark.parametrize(("smallest_s", "largest_s", "doublings", "intervals_s"), INTERVALS)
def test_the_intervals_grow_as_documented(smallest_s, largest_s, doublings, intervals_s):
    config = RetryConfig(
        min_backoff_us=round(smallest_s * SECOND),
        max_backoff_us=largest_s * SECOND,
        max_doublings=doublings,
    )
    intervals_us = [config.interval_us(failures) for failures in range(1, len(intervals_s) + 1)]
    assert intervals_us == [round(interval * SECOND) for interval in intervals_s]


def test_the_default_configuration_gives_up_after_three_and_a_half_days():
    config = RetryConfig()
    waits_us = [config.interval_us(failures) for failures in range(1, 100)]
    assert sum(waits_us) == 305_353_500_000


@given(
    failures=st.integers(1, 10**9),
    smallest_us=st.integers(0, 10**15),
    largest_us=st.integers(0, 10**15),
    doublings=st.integers(0, 2**31 - 1),
)
def test_the_interval_never_exceeds_the_largest_and_never_shrinks(failures, smallest_us, largest_us, doublings):
    config = RetryConfig(min_backoff_us=smallest_us, max_backoff_us=largest_us, max_doublings=doublings)
    assert 0 <= config.interval_us(failures) <= config.interval_us(failures + 1) <= largest_us


EXHAUSTION = [
    # attempts, longest duration, failures, age, given up
    (3, 10, 2, 9, False),
    (3, 10, 3, 9, False),
    (3, 10, 2, 10, False),
    (3, 10, 3, 10, True),
    (3, 0, 2, 10**6, False),
    (3, 0, 3, 0, True),
    (-1, 10, 10**6, 9, False),
    (-1, 10, 1, 10, True),
    (-1, 0, 10**6, 10**6, False),
]


@pytest.mark.parametrize(("attempts", "longest_s", "failures", "age_s", "given_up"), EXHAUSTION)
def test_a_task_is_given_up_once_every_limit_that_is_set_is_reached(attempts, longest_s, failures, age_s, given_up):
    config = RetryConfig(max_attempts=attempts, max_retry_duration_us=longest_s * SECOND)
    assert config.is_exhausted(failures, age_s * SECOND) is given_up


def test_the_schedule_lists_every_attempt_up_to_the_last():
    config = RetryConfig(max_attempts=4, min_backoff_us=10, max_backoff_us=300, max_doublings=1)
    assert list(config.schedule()) == [(1, 0), (2, 10), (3, 30), (4, 70)]


def test_the_schedule_goes_on_until_both_limits_are_reached():
    config = RetryConfig(max_attempts=2, max_retry_duration_us=25, min_backoff_us=10, max_doublings=0)
    assert list(config.schedule()) == [(1, 0), (2, 10), (3, 30)]


def test_the_schedule_of_an_unlimited_configuration_does_not_end():
    config = RetryConfig(max_attempts=-1, min_backoff_us=0)
    assert list(islice(config.schedule(), 1000))[-1] == (1000, 0)
