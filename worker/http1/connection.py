"""One connection to a target, and the exchange that it is busy with."""

import asyncio
from typing import Protocol, cast

from worker.http1.answer import AnswerError, AnswerReader


class BrokenConnection(Exception):
    """The connection ended before there was an answer. `untouched`: not one byte of an answer had come."""

    def __init__(self, text: str, *, untouched: bool) -> None:
        super().__init__(text)
        self.untouched = untouched


class Listener(Protocol):
    """Whoever waits for an answer is told one of these, once."""

    def answered(self, answer: AnswerReader) -> None:
        """The answer is complete. It is to be read at once: the connection's next request overwrites it."""

    def failed(self, error: Exception) -> None:
        """There is no answer: BrokenConnection or AnswerError."""


class Connection(asyncio.Protocol):
    """A connection takes one request at a time. Data that nobody waits for ends it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer = AnswerReader()
        self._listener: Listener | None = None
        self._touched = False
        self.is_open = False
        self.opened_s = self.idle_since_s = 0.0

    def begin(self, request: bytes, listener: Listener, *, is_head: bool) -> None:
        """Send a request on a connection that is open. A listener that gives up has to `abort`."""
        assert self._transport is not None
        self._answer.begin(is_head=is_head)
        self._touched = False
        self._listener = listener
        self._transport.write(request)

    def abort(self) -> None:
        """End the connection at once, whatever is still unsent. Nobody is told."""
        self.is_open = False
        self._listener = None
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True
        self.opened_s = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        """A part of an answer, or what nobody asked for."""
        if self._listener is None:
            self.abort()
            return
        self._touched = True
        try:
            self._answer.feed(data)
        except AnswerError as error:
            self._fail(error)
            return
        if self._answer.complete:
            self._finish()

    def eof_received(self) -> bool:
        """The target has said all; so have we."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self.is_open = False
        if self._listener is None:
            return
        if exc is None and self._answer.end_of_stream():
            self._finish()
        elif self._touched:
            self._fail(BrokenConnection("the connection was closed within the answer", untouched=False))
        else:
            text = " ".join(str(exc).split()) if exc else "the target closed the connection without an answer"
            self._fail(BrokenConnection(text, untouched=True))

    def _finish(self) -> None:
        answer, listener, self._listener = self._answer, self._listener, None
        # An answer before the whole request was taken leaves the rest of it in the way of the next one.
        if not (answer.reusable and self._transport is not None and self._transport.get_write_buffer_size() == 0):
            self.abort()
        if listener is not None:
            listener.answered(answer)

    def _fail(self, error: Exception) -> None:
        listener = self._listener
        self.abort()
        if listener is not None:
            listener.failed(error)
