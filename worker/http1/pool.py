"""Connections that wait for their next request, by where they lead."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from worker.http1.connection import Connection
from worker.http1.connector import Route

_IDLE_S = 15.0
"""Longest wait for the next request. Targets close idle connections too, 60 s being usual and 5 s the shortest."""
_AGE_S = 300.0
"""An older connection is not used again, so that a name that has moved is noticed."""
_SWEEP_S = 1.0
_MOST_SHELVES = 10_000


@dataclass(slots=True, eq=False)
class Shelf:
    """The idle connections of one route, the longest idle first."""

    route: Route
    idle: deque[Connection] = field(default_factory=deque)


class Pool:
    """Idle connections: the one used last is used next, so that what a burst has opened ends by itself.

    At most `most_idle` are kept; beyond that the one that has been idle for the longest time ends.
    """

    def __init__(self, most_idle: int) -> None:
        self._most_idle = most_idle
        self._shelves: dict[Route, Shelf] = {}
        self._idle: OrderedDict[Connection, Shelf] = OrderedDict()
        """Of all shelves, the longest idle first."""
        self._sweeper: asyncio.TimerHandle | None = None

    def shelf(self, route: Route) -> Shelf:
        """Where the connections of a route are kept; to be remembered by whoever needs it often."""
        shelf = self._shelves.get(route)
        if shelf is None:
            if len(self._shelves) >= _MOST_SHELVES:
                self._shelves.clear()  # what they hold is still swept
            shelf = self._shelves[route] = Shelf(route)
        return shelf

    def take(self, shelf: Shelf, now_s: float) -> Connection | None:
        """A connection that can be used at once, or None."""
        idle = shelf.idle
        while idle:
            connection = idle.pop()
            del self._idle[connection]
            if connection.is_open and connection.opened_s > now_s - _AGE_S:
                return connection
            connection.abort()
        return None

    def keep(self, shelf: Shelf, connection: Connection) -> None:
        """Take back a connection whose answer is complete."""
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        shelf.idle.append(connection)
        self._idle[connection] = shelf
        if len(self._idle) > self._most_idle:
            self._end_longest_idle()
        if self._sweeper is None:
            self._sweeper = loop.call_later(_SWEEP_S, self._sweep)

    def close(self) -> None:
        """End them all."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._idle:
            self._end_longest_idle()

    def _end_longest_idle(self) -> None:
        connection, shelf = self._idle.popitem(last=False)
        shelf.idle.popleft()
        connection.abort()

    def _sweep(self) -> None:
        """End what has been idle for too long."""
        loop = asyncio.get_running_loop()
        before_s = loop.time() - _IDLE_S
        while self._idle and self._is_over(next(iter(self._idle)), before_s):
            self._end_longest_idle()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep) if self._idle else None

    @staticmethod
    def _is_over(connection: Connection, before_s: float) -> bool:
        return connection.idle_since_s < before_s or not connection.is_open
