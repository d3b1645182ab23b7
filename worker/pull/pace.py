"""When to ask a queue again, and for how much."""

import random
from collections import deque

_SHORTEST_S = 0.1
_WINDOW_S = 1.0


class Pace:
    """Adapts the polling of one worker to what its lease calls come back with.

    After tasks it asks again at once. After nothing, and after an error that says to back off, it waits twice as long
    as the time before, up to `longest_s`, less a random part so that workers do not ask in step.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._wait_s = 0.0
        self._ended: deque[float] = deque()

    def found(self) -> None:
        """A lease call came back with tasks."""
        self._wait_s = 0.0

    def back_off(self) -> None:
        """A lease call came back with nothing, or with an error."""
        self._wait_s = min(max(2 * self._wait_s, _SHORTEST_S), self._longest_s)

    @property
    def wait_s(self) -> float:
        """How long to wait before the next call."""
        return self._wait_s * random.uniform(0.5, 1.0)

    def ended(self, now_s: float) -> None:
        """A task has ended."""
        self._ended.append(now_s)

    def wanted(self, free: int, most: int, now_s: float) -> int:
        """How many tasks to ask for: as many as can begin now, and as many more as ended within the last second.

        So quick tasks come in large batches, and slow ones are left to other workers until they can begin.
        """
        while self._ended and self._ended[0] < now_s - _WINDOW_S:
            self._ended.popleft()
        return min(free + len(self._ended), most)
