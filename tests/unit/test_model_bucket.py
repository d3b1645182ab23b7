"""The token bucket, and the burst size that a queue gets by itself (2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.bucket import TokenBucket, default_burst

SECOND = 1_000_000


@pytest.mark.parametrize(("rate", "burst"), [(500, 100), (100, 20), (1, 10), (0.25, 10), (51, 11), (1e-9, 10)])
def test_the_burst_size_fits_the_known_samples(rate, burst):
    assert default_burst(rate) == burst


@pytest.mark.parametrize(
    ("elapsed_us", "tokens"),
    [(0, 1.5), (SECOND // 4, 2.5), (SECOND, 5.5), (2 * SECOND, 8.0), (10**15, 8.0)],
)
def test_tokens_come_at_the_rate_up_to_the_burst(elapsed_us, tokens):
    bucket = TokenBucket(rate=4, burst=8, tokens=1.5, refilled_us=1000)
    assert bucket.refilled(1000 + elapsed_us) == TokenBucket(4, 8, tokens, 1000 + elapsed_us)


def test_a_clock_that_steps_back_adds_nothing_and_blocks_nothing():
    bucket = TokenBucket(rate=4, burst=8, tokens=0, refilled_us=3600 * SECOND)
    stepped = bucket.refilled(0)
    assert stepped == TokenBucket(4, 8, 0, 0)
    assert stepped.refilled(SECOND).tokens == 4


def test_a_smaller_burst_cuts_the_tokens_that_are_there():
    assert TokenBucket(rate=1, burst=10, tokens=50, refilled_us=0).refilled(0).tokens == 10


@pytest.mark.parametrize(
    ("rate", "burst", "tokens", "wait_us"),
    [
        (500, 100, 1, 0),
        (500, 100, 50, 0),
        (500, 100, 0, 10_000),  # five tokens make a batch at this rate
        (500, 100, 0.5, 9_000),
        (500, 2, 0, 4_000),  # but no more than the bucket holds
        (1, 10, 0, SECOND),  # and never less than one
        (0.25, 10, 0.5, 2 * SECOND),
    ],
)
def test_a_claim_waits_for_a_small_batch_of_tokens(rate, burst, tokens, wait_us):
    assert TokenBucket(rate, burst, tokens, refilled_us=7).next_claim_us() == 7 + wait_us


@given(
    rate=st.floats(1e-3, 500),
    burst=st.integers(1, 500),
    steps=st.lists(st.integers(-SECOND, 10 * SECOND), max_size=30),
)
def test_no_window_yields_more_than_rate_times_time_plus_burst(rate, burst, steps):
    bucket, now_us, taken, advanced_us = TokenBucket(rate, burst, burst, 0), 0, 0, 0
    for step_us in steps:
        now_us += step_us
        advanced_us += max(0, step_us)
        bucket = bucket.refilled(now_us)
        whole = int(bucket.tokens)
        taken += whole
        bucket = TokenBucket(rate, burst, bucket.tokens - whole, bucket.refilled_us)
    assert taken <= burst + rate * advanced_us / SECOND + 1e-6


@given(rate=st.floats(1e-3, 500), burst=st.integers(1, 500), tokens=st.floats(0, 0.999))
def test_at_the_time_of_the_next_claim_a_token_is_there(rate, burst, tokens):
    bucket = TokenBucket(rate, burst, tokens, 0)
    assert bucket.refilled(bucket.next_claim_us()).tokens >= 1 - 1e-6
