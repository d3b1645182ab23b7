"""The sender, on HTTP/1.1 connections of its own."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from worker.egress import EgressError, EgressPolicy
from worker.http1.answer import AnswerError, AnswerReader
from worker.http1.connection import BrokenConnection, Connection
from worker.http1.connector import Connector, Route
from worker.http1.deadlines import Deadlines
from worker.http1.location import Location, locate
from worker.http1.message import request_bytes
from worker.http1.pool import Pool
from worker.outcome import TIMED_OUT, Outcome, OutcomeKind, Reason, answered, unanswered
from worker.request import OutgoingRequest
from worker.rewrite import Rewrites
from worker.target_tls import TargetTls

_DETAIL_LENGTH = 300
"""Longest `Outcome.detail`: it may quote what a target sent."""
_MOST_ROUTES = 10_000


class Http1Sender:
    """A Sender. `max_connections` bounds the connections in use at once; 0 is no limit."""

    def __init__(
        self,
        egress: EgressPolicy,
        *,
        target_ca: Path | None = None,
        target_tls: Mapping[str, str] | None = None,
        rewrites: Mapping[str, str] | None = None,
        max_connections: int = 0,
    ) -> None:
        """`target_tls` and `rewrites` are by address, as the settings of these names."""
        self._target_ca, self._target_tls = target_ca, target_tls or {}
        self._rewrites = Rewrites.of(rewrites or {})
        self._connector = Connector(egress)
        self._pool = Pool()
        self._deadlines = Deadlines()
        self._busy: set[Connection] = set()
        self._room = asyncio.Semaphore(max_connections) if max_connections else None
        self._routes: dict[str, tuple[Location, Route]] = {}

    async def start(self) -> None:
        """Get ready in the running loop. Raises StartupError if a file of certificates is not usable."""
        self._tls = TargetTls(self._target_ca, self._target_tls)

    async def stop(self) -> None:
        """Close all connections."""
        for connection in list(self._busy):
            connection.abort()
        self._pool.close()
        self._deadlines.stop()
        await self._connector.close()

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Make one attempt."""
        ends_s = asyncio.get_running_loop().time() + request.deadline_us / 1e6
        try:
            location, route = self._route(request.url)
            data = request_bytes(request, location)
            if self._room is None:
                return await self._attempt(request.method, route, data, ends_s)
            async with asyncio.timeout_at(ends_s):
                await self._room.acquire()
            try:
                return await self._attempt(request.method, route, data, ends_s)
            finally:
                self._room.release()
        except TimeoutError:
            return TIMED_OUT
        except EgressError as error:
            return unanswered(Reason.REFUSED, _one_line(error))
        except (OSError, ValueError, BrokenConnection, AnswerError) as error:
            return unanswered(Reason.NO_CONNECTION, _one_line(error))

    async def _attempt(self, method: str, route: Route, data: bytes, ends_s: float) -> Outcome:
        """One request and its answer: on a kept connection, and if the target had closed that, on a new one."""
        kept = self._pool.take(route)
        if kept is not None:
            try:
                return await self._exchange(kept, method, route, data, ends_s)
            except BrokenConnection as error:
                if not error.untouched:
                    raise
        async with asyncio.timeout_at(ends_s):
            connection = await self._connector.open(route)
        return await self._exchange(connection, method, route, data, ends_s)

    async def _exchange(self, connection: Connection, method: str, route: Route, data: bytes, ends_s: float) -> Outcome:
        waiting = connection.begin(data, is_head=method == "HEAD")
        tick = self._deadlines.add(ends_s, connection, connection.expire)
        self._busy.add(connection)
        try:
            outcome = _outcome(await waiting)
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            self._deadlines.remove(tick, connection)
            self._busy.discard(connection)
        self._pool.keep(route, connection)
        return outcome

    def _route(self, url: str) -> tuple[Location, Route]:
        """How to ask, and where. Raises ValueError."""
        known = self._routes.get(url)
        if known is None:
            if len(self._routes) >= _MOST_ROUTES:
                self._routes.clear()
            known = self._routes[url] = self._find_route(url)
        return known

    def _find_route(self, url: str) -> tuple[Location, Route]:
        meant, connect_to = locate(url), self._rewrites.connect_to(url)
        origin = locate(connect_to).origin
        tls = self._tls.context(url, connect_to) if origin.scheme == "https" else None
        return meant, Route(origin.host, origin.port, tls, meant.origin.host)


def _outcome(answer: AnswerReader) -> Outcome:
    if 200 <= answer.status <= 299:
        return _DONE.get(answer.status) or Outcome(OutcomeKind.DONE, answer.status)
    retry_after, date, location = (
        value.decode("utf-8", "replace") if (value := answer.headers.get(name)) is not None else None
        for name in (b"retry-after", b"date", b"location")
    )
    return answered(answer.status, retry_after, date, time.time_ns() // 1000, location=location)


_DONE = {status: Outcome(OutcomeKind.DONE, status) for status in (200, 201, 202, 204)}


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:_DETAIL_LENGTH] or type(error).__name__
