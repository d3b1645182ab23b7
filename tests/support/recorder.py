"""An HTTP target on loopback that records what arrives and answers by a script. It runs in a thread of its own."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.server_thread import ServerThread
from tests.support.targets import read_request

DEADLINE_S = 30.0
SLOW_S = 0.08


@dataclass(frozen=True)
class Answer:
    """What a target answers: a status, and headers beside Content-Length."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        """The bytes of the answer."""
        lines = [f"HTTP/1.1 {self.status} Scripted", "Content-Length: 0"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Received":
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.partition(": ") for line in lines)
        return cls(method, path, tuple((name, value) for name, _, value in pairs), body)

    def header(self, name: str) -> str | None:
        """The value of a header whose name is written exactly so; None if there is none."""
        return dict(self.headers).get(name)

    @property
    def task(self) -> str:
        """The task's id."""
        return self.header("X-CloudTasks-TaskName") or ""

    @property
    def queue(self) -> str:
        """The queue's id."""
        return self.header("X-CloudTasks-QueueName") or ""

    @property
    def retry_count(self) -> int:
        """How often the task had been dispatched before."""
        return int(self.header("X-CloudTasks-TaskRetryCount") or 0)


class Recorder(ServerThread):
    """A target. Its answers are 200, unless `script` says otherwise.

    Paths that begin with /held are answered after `release`, those with /slow after `SLOW_S`, those with /silent
    never, all others at once.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._open: Counter[str] = Counter()
        self._peaks: Counter[str] = Counter()
        self._cut_off: Counter[str] = Counter()
        self._scripts: dict[str, list[Answer]] = {}
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def script(self, task_id: str, *answers: int | Answer) -> None:
        """What the requests of a task ("*": of any other) are answered with, in turn; the last one for ever."""
        self._scripts[task_id] = [Answer(answer) if isinstance(answer, int) else answer for answer in answers]

    def release(self) -> None:
        """Answer what is held, and from now on at once."""
        self._loop.call_soon_threadsafe(self._released.set)

    def hold(self) -> None:
        """Hold again what comes to /held."""
        self._loop.call_soon_threadsafe(self._released.clear)

    def received(self, queue_id: str = "") -> list[Received]:
        """What has arrived for a queue, or at all, in order."""
        with self._changed:
            return [request for request in self._received if queue_id in ("", request.queue)]

    def open(self, queue_id: str) -> int:
        """Requests of a queue that wait for their answer."""
        with self._changed:
            return self._open[queue_id]

    def peak(self, queue_id: str) -> int:
        """Most requests of a queue that ever were open at the same time."""
        with self._changed:
            return self._peaks[queue_id]

    def cut_off(self, queue_id: str) -> int:
        """Requests of a queue whose sender went away before the answer."""
        with self._changed:
            return self._cut_off[queue_id]

    def wait_until(self, holds: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
        """Wait until something holds that changes with a request or an answer."""
        with self._changed:
            assert self._changed.wait_for(holds, deadline_s), f"{len(self._received)} requests, open: {self._open}"

    def wait_for(self, queue_id: str, count: int) -> list[Received]:
        """Wait for so many requests of a queue; those that have arrived."""
        self.wait_until(lambda: len(self.received(queue_id)) >= count)
        return self.received(queue_id)

    def wait_for_open(self, queue_id: str, count: int) -> None:
        """Wait until exactly so many requests of a queue are open."""
        self.wait_until(lambda: self._open[queue_id] == count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._tls:
                await writer.start_tls(self._tls)  # here, so that `close` ends handshakes too
            while True:
                await self._exchange(Received.parse(await read_request(reader)), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the sender closed the connection, as it may
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()

    async def _exchange(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = self._note_arrival(request)
        answered = False
        try:
            answered = await self._let_go(request, reader)
        finally:
            self._note_end(request, cut_off=not answered)
        if not answered:
            raise ConnectionResetError
        writer.write(answer.wire())
        await writer.drain()

    async def _let_go(self, request: Received, reader: asyncio.StreamReader) -> bool:
        """Wait until the request is to be answered; False if its sender went away."""
        if request.path.startswith("/slow"):
            await asyncio.sleep(SLOW_S)
        if not request.path.startswith(("/held", "/silent")):
            return True
        gone = asyncio.ensure_future(reader.read(1))
        released = asyncio.ensure_future(self._released.wait())
        waits = {gone} if request.path.startswith("/silent") else {gone, released}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        left = not gone.done()
        gone.cancel()
        released.cancel()
        await asyncio.gather(gone, released, return_exceptions=True)
        return left

    def _note_arrival(self, request: Received) -> Answer:
        """Record a request; what it is to be answered with."""
        with self._changed:
            self._received.append(request)
            self._open[request.queue] += 1
            self._peaks[request.queue] = max(self._peaks[request.queue], self._open[request.queue])
            self._changed.notify_all()
        answers = self._scripts.get(request.task) or self._scripts.get("*") or [Answer()]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _note_end(self, request: Received, *, cut_off: bool) -> None:
        with self._changed:
            self._open[request.queue] -= 1
            self._cut_off[request.queue] += cut_off
            self._changed.notify_all()
