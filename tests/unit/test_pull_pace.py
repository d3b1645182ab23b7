"""How a pull worker adapts to what its lease calls come back with."""

import pytest

from worker.pull.pace import Pace


def test_waits_double_up_to_the_longest_and_vanish_with_tasks():
    pace = Pace(longest_s=1.0)
    assert pace.wait_s == 0
    for longest in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0):
        pace.back_off()
        waits = [pace.wait_s for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
    pace.found()
    assert pace.wait_s == 0


@pytest.mark.parametrize(
    ("free", "ended_s", "most", "wanted"),
    [(1, [], 100, 1), (4, [8.9, 9.5, 10.0], 100, 6), (4, [9.5] * 1000, 100, 100), (4, [], 2, 2)],
)
def test_as_many_as_can_begin_and_as_ended_within_a_second(free, ended_s, most, wanted):
    pace = Pace(1.0)
    for moment_s in ended_s:
        pace.ended(moment_s)
    assert pace.wanted(free, most, 10.0) == wanted
