"""Connections that wait for their next request, by where they lead."""

import asyncio
from collections import deque
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

    At most `most_idle` are kept; beyond that one of a route that was last used long ago makes room.
    """

    def __init__(self, most_idle: int) -> None:
        self._most_idle = most_idle
        self._idle = 0
        self._shelves: dict[Route, Shelf] = {}
        self._in_use: dict[Shelf, None] = {}
        """Those that hold connections or did lately, the one that was empty last at the end."""
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
            self._idle -= 1
            if connection.is_open and connection.opened_s > now_s - _AGE_S:
                return connection
            connection.abort()
        return None

    def keep(self, shelf: Shelf, connection: Connection) -> None:
        """Take back a connection whose answer is complete."""
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        if not shelf.idle:
            self._in_use.pop(shelf, None)
            self._in_use[shelf] = None
        shelf.idle.append(connection)
        self._idle += 1
        if self._idle > self._most_idle:
            self._make_room()
        if self._sweeper is None:
            self._sweeper = loop.call_later(_SWEEP_S, self._sweep)

    def close(self) -> None:
        """End them all."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for shelf in self._in_use:
            for connection in shelf.idle:
                connection.abort()
            shelf.idle.clear()
        self._in_use.clear()
        self._idle = 0

    def _make_room(self) -> None:
        """End one connection of the shelf that has come first."""
        while not (shelf := next(iter(self._in_use))).idle:
            del self._in_use[shelf]
        shelf.idle.popleft().abort()
        self._idle -= 1

    def _sweep(self) -> None:
        """End what has been idle for too long."""
        loop = asyncio.get_running_loop()
        before_s = loop.time() - _IDLE_S
        for shelf in list(self._in_use):
            idle = shelf.idle
            while idle and (idle[0].idle_since_s < before_s or not idle[0].is_open):
                idle.popleft().abort()
                self._idle -= 1
            if not idle:
                del self._in_use[shelf]
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep) if self._in_use else None
