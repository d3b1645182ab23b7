"""Whether dispatches kept to a rate. Judged by their moments alone, in exact arithmetic, without a token bucket."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

ROUNDING = 1e-6
"""Tokens that the store's floating-point numbers may be wrong by."""


@dataclass(frozen=True)
class Limit:
    """A rate (dispatches a second) and a burst size in force from a moment on."""

    from_us: int
    rate: float
    burst: int


def worst_excess(moments_us: Iterable[int], limits: Sequence[Limit]) -> float:
    """By how many dispatches the worst of all windows passes its burst + rate x time; 0 or less if none does.

    A window is the time from any dispatch to any later one, both included. Its burst is the one in force when it
    begins, the rate is summed up over it. Limits are in order of time and none of the moments is before the first.
    """
    worst, least = Fraction(-(10**18)), Fraction(10**18)
    for earlier, moment_us in enumerate(sorted(moments_us)):
        flown = _flown(moment_us, limits)
        least = min(least, earlier + _burst_at(moment_us, limits) - flown)
        worst = max(worst, earlier + 1 - flown - least)
    return float(worst)


def unused_s(moments_us: Iterable[int], limit: Limit) -> float:
    """How long dispatches were possible at once, but none was made, until the last one: the bucket stood full.

    It was full when the limit began, and all tasks were due then.
    """
    rate = Fraction(limit.rate) / 10**6
    unused_us, tokens, last_us = Fraction(0), Fraction(limit.burst), limit.from_us
    for moment_us in sorted(moments_us):
        tokens += (moment_us - last_us) * rate
        over = max(Fraction(0), tokens - limit.burst)
        unused_us += over / rate
        tokens, last_us = tokens - over - 1, moment_us
    return float(unused_us / 10**6)


def _flown(moment_us: int, limits: Sequence[Limit]) -> Fraction:
    """How many tokens all rates have brought until a moment."""
    assert moment_us >= limits[0].from_us
    ends = [limit.from_us for limit in limits[1:]] + [moment_us]
    return sum(
        (
            Fraction(limit.rate) / 10**6 * (min(end_us, moment_us) - limit.from_us)
            for limit, end_us in zip(limits, ends, strict=True)
            if limit.from_us < moment_us
        ),
        start=Fraction(0),
    )


def _burst_at(moment_us: int, limits: Sequence[Limit]) -> int:
    return [limit.burst for limit in limits if limit.from_us <= moment_us][-1]
