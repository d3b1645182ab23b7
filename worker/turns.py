"""Beginning what was claimed: a little in each round of the event loop, and the queues take turns."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from worker.held_attempt import HeldAttempt

_MOST_A_ROUND = 16
_ROUND_S = 0.0005
"""No further attempt is begun in a round after this time: what has come meanwhile would wait."""

Deliver = Callable[[HeldAttempt], None]


class Turns:
    """Hands attempts to `deliver`: a few in each round of the event loop, one of each queue in turn.

    All else that the loop has to do, be it an answer, a wake-up or the claim of a queue with a single task, gets its
    turn in each round, whatever number of tasks claims have brought.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._waiting: dict[tuple[int, str], deque[HeldAttempt]] = {}
        self._next_round: asyncio.Handle | None = None

    def add(self, attempt: HeldAttempt) -> None:
        """Line an attempt up behind those of its queue."""
        queue = attempt.partition, attempt.key.queue_id
        waiting = self._waiting.get(queue)
        if waiting is None:
            waiting = self._waiting[queue] = deque()
        waiting.append(attempt)

    def begin(self) -> None:
        """After `add`: begin at once, unless others wait for the next round already."""
        if self._next_round is None:
            self._begin_some()

    def begin_all(self) -> None:
        """Begin whatever waits, now."""
        while self._waiting:
            self._take_turn()

    def _begin_some(self) -> None:
        self._next_round = None
        ends_s = time.perf_counter() + _ROUND_S
        begun = 0
        while self._waiting and begun < _MOST_A_ROUND and (time.perf_counter() < ends_s or not begun):
            self._take_turn()
            begun += 1
        if self._waiting:
            self._next_round = asyncio.get_running_loop().call_soon(self._begin_some)

    def _take_turn(self) -> None:
        """Begin the oldest attempt of the queue whose turn it is, which then lines up behind the others."""
        queue = next(iter(self._waiting))
        attempts = self._waiting.pop(queue)
        attempt = attempts.popleft()
        if attempts:
            self._waiting[queue] = attempts
        self._deliver(attempt)
