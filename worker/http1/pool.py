"""Connections that wait for their next request, by where they lead."""

import asyncio
from collections import deque

from worker.http1.connection import Connection
from worker.http1.connector import Route

_IDLE_S = 15.0
"""Longest wait for the next request. Targets close idle connections too, 60 s being usual and 5 s the shortest."""
_AGE_S = 300.0
"""An older connection is not used again, so that a name that has moved is noticed."""
_SWEEP_S = 1.0


class Pool:
    """Idle connections: the one used last is used next, so that what a burst has opened ends by itself."""

    def __init__(self) -> None:
        self._idle: dict[Route, deque[Connection]] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def take(self, route: Route) -> Connection | None:
        """A connection that can be used at once, or None."""
        idle = self._idle.get(route)
        oldest_s = asyncio.get_running_loop().time() - _AGE_S
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.opened_s > oldest_s:
                return connection
            connection.abort()
        return None

    def keep(self, route: Route, connection: Connection) -> None:
        """Take back a connection whose answer is complete."""
        if not connection.is_open:
            return
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        idle = self._idle.get(route)
        if idle is None:
            idle = self._idle[route] = deque()
        idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(_SWEEP_S, self._sweep)

    def close(self) -> None:
        """End them all."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    def _sweep(self) -> None:
        """End what has been idle for too long; the longest idle stand first."""
        loop = asyncio.get_running_loop()
        before_s = loop.time() - _IDLE_S
        for route, idle in list(self._idle.items()):
            while idle and (idle[0].idle_since_s < before_s or not idle[0].is_open):
                idle.popleft().abort()
            if not idle:
                del self._idle[route]
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep) if self._idle else None
