"""When a failed task is tried again, and when it is given up (Cloud Tasks specification, 2.4 and 2.5).

`lua/lib/retry.lua` computes the same inside the settle script; tests hold the two against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

UNLIMITED_ATTEMPTS = -1
_LARGEST_EXPONENT = 1023


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How a queue, or a single task, treats failures. Durations are microseconds."""

    max_attempts: int = 100
    """Attempts in all, the first included; -1 is no limit."""
    max_retry_duration_us: int = 0
    """Longest time since the first attempt; 0 is no limit."""
    min_backoff_us: int = 100_000
    max_backoff_us: int = 3_600_000_000
    max_doublings: int = 16

    def interval_us(self, failures: int) -> int:
        """Wait before the next attempt after `failures` failed ones (1 or more)."""
        doublings = min(failures - 1, self.max_doublings, _LARGEST_EXPONENT)
        steps = failures - min(failures - 1, self.max_doublings)
        return min(self.max_backoff_us, self.min_backoff_us * (1 << doublings) * steps)

    def is_exhausted(self, failures: int, since_first_attempt_us: int) -> bool:
        """Whether a task is given up after `failures` failed attempts.

        A limit that is not set imposes nothing; of two limits both must be reached.
        """
        too_many = failures >= self.max_attempts if self.max_attempts > 0 else None
        too_old = since_first_attempt_us >= self.max_retry_duration_us if self.max_retry_duration_us > 0 else None
        reached = [limit for limit in (too_many, too_old) if limit is not None]
        return bool(reached) and all(reached)

    def schedule(self) -> Iterator[tuple[int, int]]:
        """The attempts of a task that always fails at once: (attempt number, its time after the first, us).

        Ends where the task is given up; endless for an unlimited configuration.
        """
        attempt, elapsed_us = 1, 0
        while True:
            yield attempt, elapsed_us
            if self.is_exhausted(attempt, elapsed_us):
                return
            elapsed_us += self.interval_us(attempt)
            attempt += 1
