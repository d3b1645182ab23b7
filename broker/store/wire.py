"""One connection to Redis at work: commands that go out together, and their answers in the same order."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hiredis import ProtocolError, Reader, pack_command
from redis import exceptions
from redis._parsers.base import BaseParser
from redis.asyncio.connection import AbstractConnection

from broker.store.scripts import Script

_NOTHING_YET = object()

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Request:
    """A command in the form it is sent in, and where its answer goes."""

    packed: bytes
    answer: "asyncio.Future[Any]"
    script: Script | None = None
    """What to load where the server does not know it."""

    @classmethod
    def of(cls, *command: Any, script: Script | None = None) -> "Request":
        """A command that is yet to be sent. Raises TypeError for a word that cannot be sent."""
        return cls(pack_command(command), asyncio.get_running_loop().create_future(), script)


class Wire(asyncio.Protocol):
    """A connection from its beginning to its end. It begins with the first request and is never opened again.

    redis-py connects and authenticates; from then on its stream is ours. What was sent when the connection is lost
    fails, for nobody knows whether it ran; what was not is given to `on_lost`.
    """

    def __init__(self, connection: AbstractConnection, on_lost: Callable[[Sequence[Request]], None]) -> None:
        self._connection = connection
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._answer_within_s: float | None = connection.socket_timeout
        self._stream: asyncio.StreamWriter | None = None
        self._opening = self._loop.create_task(self._open())
        self._unsent: list[Request] = []
        self._sent: deque[Request] = deque()
        self._loading: set[str] = set()
        self._reader = Reader(
            protocolError=ProtocolError, replyError=BaseParser.parse_error, notEnoughData=_NOTHING_YET
        )
        self._is_full = False
        self._gone = asyncio.Event()
        self._gone.set()
        self._heard_s = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._ended_by: Exception | None = None

    @property
    def load(self) -> int:
        """How many requests have no answer yet."""
        return len(self._unsent) + len(self._sent)

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended: it takes no more requests."""
        return self._ended_by is not None

    def send(self, requests: Sequence[Request]) -> None:
        """Send requests with one write, as soon as the connection takes them."""
        self._unsent += requests
        self._write()

    async def close(self) -> None:
        """End the connection; what has no answer yet fails."""
        self._opening.cancel()
        await asyncio.wait([self._opening])
        self._end(exceptions.ConnectionError("the connection was closed"))
        await self._gone.wait()

    def data_received(self, data: bytes) -> None:
        """Answers, or parts of them."""
        if self.is_over:
            return
        self._heard_s = self._loop.time()
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not _NOTHING_YET:
                self._answered(self._sent.popleft(), answer)
        except (ProtocolError, IndexError) as error:
            self._end(exceptions.InvalidResponse(f"Redis sent what is no answer: {error}"))
        if self._unsent:
            self._write()

    def pause_writing(self) -> None:
        """The server does not read as fast: requests wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        self._write()

    def connection_lost(self, error: Exception | None) -> None:
        """The server has closed the connection, or it broke."""
        self._gone.set()
        self._end(exceptions.ConnectionError(f"the connection was lost: {error or 'closed by the server'}"))

    async def _open(self) -> None:
        connection = self._connection
        try:
            await connection.connect()
        except BaseException as error:
            # What is no error of redis-py's own leaves its connection open: cancelling, and uvloop's RuntimeError for
            # a stream that breaks during the greeting.
            await connection.disconnect(nowait=True)
            if not isinstance(error, Exception):
                raise
            self._refused(error)
            return
        self._stream, connection._writer, connection._reader = connection._writer, None, None
        assert self._stream is not None
        if self._stream.transport.is_closing():
            self._refused(exceptions.ConnectionError("the connection was lost at once"))
            return
        self._stream.transport.set_protocol(self)
        self._gone.clear()
        self._write()

    def _refused(self, error: Exception) -> None:
        """There is no connection; what waited for it fails."""
        if not isinstance(error, exceptions.RedisError):
            error = exceptions.ConnectionError(f"no connection: {error}")
        failed, self._unsent = self._unsent, []
        self._end(error)
        _fail(failed, error)

    def _write(self) -> None:
        if not self._stream or self._is_full or self._stream.transport.is_closing():
            return
        requests = [request for request in self._unsent if not request.answer.done()]
        self._unsent = []
        if not requests:
            return
        if not self._sent:
            self._heard_s = self._loop.time()
            if not self._watch and self._answer_within_s is not None:
                self._watch = self._loop.call_later(self._answer_within_s, self._look)
        self._sent += requests
        self._stream.transport.write(b"".join([request.packed for request in requests]))

    def _look(self) -> None:
        """End a connection on which no answer has come for too long, while there was one to come."""
        self._watch = None
        if not self._sent or self._answer_within_s is None:
            return
        left_s = self._heard_s + self._answer_within_s - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
        else:
            self._end(exceptions.TimeoutError("Redis did not answer in time"))

    def _answered(self, request: Request, answer: Any) -> None:
        if isinstance(answer, exceptions.NoScriptError) and request.script:
            self._load(request.script)
            request.script = None
            self._unsent.append(request)  # it did not run, so sending it again is safe
        elif request.answer.done():
            pass  # the caller has given up
        elif isinstance(answer, Exception):
            request.answer.set_exception(answer)
        else:
            request.answer.set_result(answer)

    def _load(self, script: Script) -> None:
        if script.sha in self._loading:
            return

        def loaded(answer: "asyncio.Future[Any]") -> None:
            self._loading.discard(script.sha)
            if error := answer.exception():
                log.warning("Redis does not load the script %s: %s", script.name, error)

        self._loading.add(script.sha)
        loading = Request.of("SCRIPT", "LOAD", script.source)
        loading.answer.add_done_callback(loaded)
        self._unsent.append(loading)

    def _end(self, error: Exception) -> None:
        if self._ended_by:
            return
        self._ended_by = error
        if self._watch:
            self._watch.cancel()
        if self._stream:
            self._stream.transport.abort()
            self._stream = None
        failed, self._sent = self._sent, deque()
        unsent, self._unsent = self._unsent, []
        _fail(failed, error)
        self._on_lost(unsent)


def _fail(requests: Sequence[Request], error: Exception) -> None:
    for request in requests:
        if not request.answer.done():
            request.answer.set_exception(error)
