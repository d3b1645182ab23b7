"""One request and its answer: on a kept connection, and if the target had closed that, on a new one."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from worker.egress import EgressError
from worker.http1.answer import AnswerReader
from worker.http1.connection import BrokenConnection, Connection
from worker.http1.connector import Connector
from worker.http1.deadlines import Deadlines
from worker.http1.pool import Pool, Shelf
from worker.outcome import TIMED_OUT, Outcome, OutcomeKind, Reason, answered, unanswered
from worker.sender import Done, Sending

log = logging.getLogger(__name__)

_DETAIL_LENGTH = 300
"""Longest `Outcome.detail`: it may quote what a target sent."""
_DONE = {status: Outcome(OutcomeKind.DONE, status) for status in (200, 201, 202, 204)}


@dataclass(slots=True)
class Shared:
    """What the exchanges of a sender share."""

    connector: Connector
    pool: Pool
    deadlines: "Deadlines[Exchange]" = field(default_factory=Deadlines)
    """Those of all that are under way."""


class Exchange:
    """An attempt under way, which ends once: in an outcome, or aborted."""

    __slots__ = (
        "_connection",
        "_data",
        "_done",
        "_is_head",
        "_kept",
        "_opening",
        "_shared",
        "_shelf",
        "_successor",
        "_tick",
    )

    def __init__(self, shared: Shared, shelf: Shelf, data: bytes, done: Done, *, is_head: bool) -> None:
        self._shared = shared
        self._shelf = shelf
        self._data = data
        self._is_head = is_head
        self._done: Done | None = done
        """Whom to tell; None once it is over."""
        self._connection: Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._successor: Sending | None = None
        """What goes on in its place."""

    def begin(self, now_s: float, ends_s: float) -> None:
        """Send the request; the answer has to be complete at `ends_s` of the event loop's clock."""
        shared = self._shared
        self._tick = shared.deadlines.add(ends_s, self)
        kept = shared.pool.take(self._shelf, now_s)
        self._kept = kept is not None
        if kept is not None:
            self._use(kept)
        else:
            self._opening = asyncio.create_task(self._open())

    def abort(self) -> None:
        """Drop the connection; there is no outcome."""
        if self._leave() is not None:
            self._drop()
        elif self._successor is not None:
            self._successor.abort()

    def fail(self, error: Exception) -> None:
        """End without an answer."""
        self._end(failure(error))
        self._drop()

    # What the connection calls.

    def answered(self, answer: AnswerReader) -> None:
        """The answer is complete."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.is_open:
            self._shared.pool.keep(self._shelf, connection)
        self._end(_outcome(answer))

    def failed(self, error: Exception) -> None:
        """The connection ended before."""
        self._connection = None
        if self._kept and isinstance(error, BrokenConnection) and error.untouched:
            self._kept = False
            self._opening = asyncio.create_task(self._open())
        else:
            self._end(failure(error))

    async def _open(self) -> None:
        try:
            connection = await self._shared.connector.open(self._shelf.route)
        except Exception as error:
            if not isinstance(error, OSError | ValueError):
                log.exception("no connection, for an unexpected reason")
            self._end(failure(error))
        else:
            self._opening = None
            if connection.is_open:
                self._use(connection)
            else:
                self._end(unanswered(Reason.NO_CONNECTION, "the target closed the connection at once"))

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        connection.begin(self._data, self, is_head=self._is_head)

    def expire(self) -> None:
        """The deadline has passed."""
        self._end(TIMED_OUT)
        self._drop()

    def _end(self, outcome: Outcome) -> None:
        done = self._leave()
        if done is not None:
            self._successor = done(outcome)

    def _leave(self) -> Done | None:
        """Be no longer under way; whom to tell, if it was."""
        done, self._done = self._done, None  # it leads back here: so all that it holds is freed at once
        if done is not None:
            self._data = b""  # whoever follows redirects keeps this
            self._shared.deadlines.remove(self._tick, self)
        return done

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()


def _outcome(answer: AnswerReader) -> Outcome:
    if 200 <= answer.status <= 299:
        return _DONE.get(answer.status) or Outcome(OutcomeKind.DONE, answer.status)
    retry_after, date, location = (
        value.decode("utf-8", "replace") if (value := answer.headers.get(name)) is not None else None
        for name in (b"retry-after", b"date", b"location")
    )
    return answered(answer.status, retry_after, date, time.time_ns() // 1000, location=location)


def failure(error: Exception) -> Outcome:
    """What an attempt came to that ended without an answer."""
    reason = Reason.REFUSED if isinstance(error, EgressError) else Reason.NO_CONNECTION
    return unanswered(reason, " ".join(str(error).split())[:_DETAIL_LENGTH] or type(error).__name__)
