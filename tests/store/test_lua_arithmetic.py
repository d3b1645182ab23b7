"""The pure functions of lua/lib compute what the Python model computes."""

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from broker.model.bucket import TokenBucket
from broker.model.retry import RetryConfig
from broker.store import scripts

LARGEST_EXACT = 2**53
NOW_US = 1_800_000_000_000_000

settings.register_profile(
    "arithmetic", suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)
arithmetic = settings.get_profile("arithmetic")


def script(include, arguments, body):
    """A script that computes `body` from numbers of these names."""
    header = "#!lua flags=no-writes\n-- Compute.\n-- ARGV\n"
    header += "".join(f"--   {name}: a number\n" for name in arguments)
    numbers = "".join(f"local {name}_n = tonumber({name})\n" for name in arguments)
    return scripts.parse("arithmetic", f"{header}-- Returns numbers\n--@include {include}\n{numbers}{body}")


BUCKET = script(
    "bucket",
    ["tokens", "refilled_us", "rate", "burst", "now_us"],
    "local level = bucket.refilled(tokens_n, refilled_us_n, rate_n, burst_n, now_us_n)\n"
    "local text = string.format('%.17g', level)\n"
    "return { text, string.format('%.0f', bucket.next_claim_us(level, rate_n, burst_n, now_us_n)) }",
)
RETRY = script(
    "retry",
    ["max_attempts", "max_retry_us", "min_backoff_us", "max_backoff_us", "max_doublings", "failures", "age_us"],
    "local config = { max_attempts = max_attempts_n, max_retry_us = max_retry_us_n, max_doublings = max_doublings_n,\n"
    "  min_backoff_us = min_backoff_us_n, max_backoff_us = max_backoff_us_n }\n"
    "local interval = string.format('%.0f', retry.interval_us(config, failures_n))\n"
    "return { interval, tostring(retry.is_exhausted(config, failures_n, age_us_n) or false) }",
)


@pytest.fixture
def compute(redis_client):
    return lambda script, *numbers: redis_client.eval(script.source, 0, *(repr(number) for number in numbers))


@given(
    rate=st.one_of(st.floats(0.001, 500), st.sampled_from([0.1, 1 / 3, 1.0, 500.0])),
    burst=st.integers(1, 500),
    fill=st.floats(0, 1),
    elapsed_us=st.integers(-4_000_000_000, 4_000_000_000),
)
@example(rate=500.0, burst=10, fill=0.0, elapsed_us=0)
@example(rate=500.0, burst=2, fill=0.0, elapsed_us=-1)
@arithmetic
def test_the_bucket(compute, rate, burst, fill, elapsed_us):
    bucket = TokenBucket(rate, burst, fill * burst, NOW_US).refilled(NOW_US + elapsed_us)
    tokens, next_claim_us = compute(BUCKET, fill * burst, NOW_US, rate, burst, NOW_US + elapsed_us)
    assert float(tokens) == bucket.tokens
    assert int(next_claim_us) == bucket.next_claim_us()


@given(
    config=st.builds(
        RetryConfig,
        max_attempts=st.one_of(st.just(-1), st.integers(1, 200)),
        max_retry_duration_us=st.one_of(st.just(0), st.integers(1, LARGEST_EXACT)),
        min_backoff_us=st.integers(0, 10_000_000_000),
        max_backoff_us=st.integers(0, LARGEST_EXACT),
        max_doublings=st.one_of(st.integers(0, 20), st.integers(0, 2**31)),
    ),
    failures=st.one_of(st.integers(1, 50), st.integers(1, 2**31)),
    age_us=st.integers(0, LARGEST_EXACT),
)
@example(RetryConfig(max_attempts=3, max_retry_duration_us=10), 3, 9)
@example(RetryConfig(max_attempts=3, max_retry_duration_us=10), 2, 10)
@example(RetryConfig(max_doublings=2**31, max_backoff_us=LARGEST_EXACT), 2**31, 0)
@arithmetic
def test_the_retry_rules(compute, config, failures, age_us):
    interval_us, exhausted = compute(
        RETRY,
        config.max_attempts,
        config.max_retry_duration_us,
        config.min_backoff_us,
        config.max_backoff_us,
        config.max_doublings,
        failures,
        age_us,
    )
    expected_us = config.interval_us(failures)
    assert int(interval_us) == expected_us or math.isclose(int(interval_us), expected_us, rel_tol=2**-52)
    assert (exhausted == b"true") == config.is_exhausted(failures, age_us)
