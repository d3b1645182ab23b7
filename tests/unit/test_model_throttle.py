"""The throttle and the ramp against the figures of their definition."""

import pytest

from broker.model.throttle import Throttle, ramp_rate

SECOND = 1_000_000


def test_overload_halves_the_rate_at_most_once_a_second():
    throttle = Throttle().after(SECOND, overloaded=True)
    assert throttle == Throttle(0.5, SECOND)
    assert throttle.after(2 * SECOND - 1, overloaded=True) == throttle
    assert throttle.after(2 * SECOND, overloaded=True).factor == 0.25


def test_the_rate_never_falls_below_a_hundredth():
    throttle = Throttle()
    for second in range(1, 30):
        throttle = throttle.after(second * SECOND, overloaded=True)
    assert throttle.factor == 0.01


def test_answers_without_overload_raise_it_by_a_twentieth_a_second():
    throttle = Throttle(0.5, SECOND)
    assert throttle.after(2 * SECOND - 1, overloaded=False) == throttle
    for second in range(2, 40):
        throttle = throttle.after(second * SECOND, overloaded=False)
    assert throttle.factor == 1.0
    assert throttle.changed_us == pytest.approx(11 * SECOND, abs=SECOND)


def test_a_queue_at_its_full_rate_is_left_alone():
    assert Throttle(1.0, SECOND).after(9 * SECOND, overloaded=False) == Throttle(1.0, SECOND)


@pytest.mark.parametrize(("minutes", "rate"), [(0, 500), (4.99, 500), (5, 750), (10, 1125), (15, 1687.5), (-1, 500)])
def test_the_ramp_is_500_50_5(minutes, rate):
    assert ramp_rate(int(minutes * 60 * SECOND)) == rate
