"""Deadlines of many requests behind one timer.

A timer of the event loop per request costs more than sending it. Here a deadline is an entry in a set of those that
end in the same hundredth of a second, and the loop has one timer, for the earliest set.
"""

import asyncio
import heapq
from typing import Generic, Protocol, TypeVar

_TICK_S = 0.01


class Expiring(Protocol):
    """What has a deadline."""

    def expire(self) -> None:
        """The deadline has passed."""


AnyExpiring = TypeVar("AnyExpiring", bound=Expiring)


class Deadlines(Generic[AnyExpiring]):
    """Tells whom it is due, at most a tick late and never early. Adding and removing take constant time."""

    def __init__(self) -> None:
        self._due: dict[int, set[AnyExpiring]] = {}
        self._ticks: list[int] = []
        self._in_heap: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, at_s: float, expiring: AnyExpiring) -> int:
        """Tell it at this time of the event loop's clock. Returns the tick, for `remove`."""
        tick = int(at_s / _TICK_S) + 1
        entries = self._due.get(tick)
        if entries is None:
            entries = self._due[tick] = set()
            self._await(tick)
        entries.add(expiring)
        return tick

    def remove(self, tick: int, expiring: AnyExpiring) -> None:
        """Forget a deadline; one that has passed is forgotten already."""
        entries = self._due.get(tick)
        if entries is not None:
            entries.discard(expiring)
            if not entries:
                del self._due[tick]  # a set that has been large stays large

    def pending(self) -> list[AnyExpiring]:
        """All whose deadline is yet to come."""
        return [expiring for entries in self._due.values() for expiring in entries]

    def stop(self) -> None:
        """Forget them all."""
        self._due.clear()
        self._ticks.clear()
        self._in_heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _await(self, tick: int) -> None:
        if tick in self._in_heap:
            return
        self._in_heap.add(tick)
        heapq.heappush(self._ticks, tick)
        if self._ticks[0] == tick:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._ticks[0] * _TICK_S, self._expire)

    def _expire(self) -> None:
        now_s = asyncio.get_running_loop().time()
        while self._ticks and self._ticks[0] * _TICK_S <= now_s:
            tick = heapq.heappop(self._ticks)
            self._in_heap.discard(tick)
            for expiring in self._due.pop(tick, ()):
                expiring.expire()
        self._timer = None
        if self._ticks:
            self._arm()
