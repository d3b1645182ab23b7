"""How a queue slows down when its target is overloaded, and starts slowly (Cloud Tasks specification, 5.8).

The configured rate never changes; what changes is the effective one. `lua/lib/throttle.lua` computes the same inside
the scripts; tests hold the two against each other. The figures are ours: Google publishes the principle, and for the
ramp the pattern 500/50/5: begin with at most 500 dispatches a second, then 50 % more every 5 minutes.
"""

from dataclasses import dataclass

_STEP_US = 1_000_000
_SMALLEST_FACTOR = 0.01
_FALL = 0.5
_RISE = 0.05

_RAMP_BEGINS_AT = 500.0
_RAMP_GROWTH = 1.5
_RAMP_STEP_US = 300 * 1_000_000


@dataclass(frozen=True, slots=True)
class Throttle:
    """The share of its rate that a queue uses. It changes at most once a second."""

    factor: float = 1.0
    changed_us: int = 0

    def after(self, now_us: int, *, overloaded: bool) -> "Throttle":
        """After an attempt ended: halved if the target said it is overloaded, else one twentieth more."""
        if 0 <= now_us - self.changed_us < _STEP_US or (self.factor >= 1 and not overloaded):
            return self
        factor = max(_SMALLEST_FACTOR, self.factor * _FALL) if overloaded else min(1.0, self.factor + _RISE)
        return Throttle(factor, now_us)


def ramp_rate(since_start_us: int) -> float:
    """The most dispatches a second, so long after a queue began to dispatch."""
    steps = max(0, since_start_us) // _RAMP_STEP_US
    return _RAMP_BEGINS_AT * _RAMP_GROWTH ** min(steps, 100)
