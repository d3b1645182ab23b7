"""The judge of the rate tests finds what it is there to find."""

import pytest

from tests.support.rates import Limit, unused_s, worst_excess

SECOND = 1_000_000
SLOW = Limit(0, 2, 3)


@pytest.mark.parametrize(
    ("moments_us", "excess"),
    [
        ([0, 0, 0], 0),
        ([0, 0, 0, 0], 1),
        ([0, 0, 0, SECOND // 2], 0),
        ([0, 0, 0, SECOND // 2 - 1], 2e-6),
        ([SECOND // 2, 0, 0, 0], 0),
        ([0, 0, 0, 9 * SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND + 1], 1 - 2e-6),  # in the middle of the whole
        ([5 * SECOND], -2),
    ],
)
def test_every_window_counts(moments_us, excess):
    assert worst_excess(moments_us, [SLOW]) == pytest.approx(excess, abs=1e-9)


def test_it_agrees_with_a_look_at_each_window():
    moments_us = [number * number * 37_003 % (7 * SECOND) for number in range(60)]
    ordered = sorted(moments_us)
    each = [
        last - first + 1 - SLOW.burst - SLOW.rate * (ordered[last] - ordered[first]) / SECOND
        for first in range(60)
        for last in range(first, 60)
    ]
    assert worst_excess(moments_us, [SLOW]) == pytest.approx(max(each))


@pytest.mark.parametrize(
    ("moments_us", "excess"),
    [
        ([0, 0, 0, SECOND, SECOND, SECOND + SECOND // 10], 0),  # two at the slow rate, the third at the fast one
        ([0, 0, 0, SECOND, SECOND, SECOND + SECOND // 10 - 1], 1e-5),
        ([2 * SECOND] * 5, 0),
        ([SECOND - 1] * 5, 2),
    ],
)
def test_a_change_holds_from_its_moment_on(moments_us, excess):
    assert worst_excess(moments_us, [SLOW, Limit(SECOND, 10, 5)]) == pytest.approx(excess, abs=1e-9)


@pytest.mark.parametrize(
    ("moments_us", "unused"),
    [
        ([0, 0, 0, SECOND // 2, SECOND], 0),
        ([SECOND], 1),
        ([0, 0, 0, 2 * SECOND], 0.5),
        ([0, SECOND // 2, 4 * SECOND], 3),
    ],
)
def test_time_at_a_full_bucket_is_unused(moments_us, unused):
    assert unused_s(moments_us, SLOW) == pytest.approx(unused)
