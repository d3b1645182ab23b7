"""The token bucket that limits how fast a queue dispatches (Cloud Tasks specification, 2.3).

`lua/lib/bucket.lua` computes the same inside the claim script; tests hold the two against each other.
"""

import math
from dataclasses import dataclass

_SMALLEST_BURST = 10
_BATCH_S = 0.010


def default_burst(rate: float) -> int:
    """Bucket capacity for a queue whose burst size was not given (the rule that fits all known samples)."""
    return max(_SMALLEST_BURST, math.ceil(rate / 5))


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """Tokens at one moment. Filled continuously at `rate` tokens a second up to `burst`."""

    rate: float
    burst: int
    tokens: float
    refilled_us: int

    def refilled(self, now_us: int) -> "TokenBucket":
        """The bucket at `now_us`. A clock that steps back adds nothing and blocks nothing."""
        elapsed_s = max(0, now_us - self.refilled_us) / 1e6
        tokens = min(float(self.burst), self.tokens + elapsed_s * self.rate)
        return TokenBucket(self.rate, self.burst, tokens, now_us)

    def next_claim_us(self) -> int:
        """When a claim is worth while: now if a token is there, else once a small batch has gathered."""
        if self.tokens >= 1:
            return self.refilled_us
        batch = min(float(self.burst), max(1.0, self.rate * _BATCH_S))
        return self.refilled_us + math.ceil((batch - self.tokens) / self.rate * 1e6)
