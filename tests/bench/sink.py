"""A target that notes when each request came: its path's first part is the lane, its second what is done with it.

/LANE answers 200 at once, /LANE/fail 500, /LANE/slow 200 after 100 ms, /LANE/hang never. As a program it listens on the
loopback addresses that it is given and prints its port; `Sink` asks it what has come.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
import uvloop

from tests.bench.children import module

SLOW_S = 0.1
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_FAIL = b"HTTP/1.1 500 Failed\r\nContent-Length: 0\r\n\r\n"
_ETA = b"\r\nX-CloudTasks-TaskETA: "


@dataclass(frozen=True)
class Mark:
    """One request: when its task was due (0 unknown), the number in its body (0 none), when it came (us)."""

    due_us: int
    number: int
    came_us: int


@dataclass
class Lane:
    """What came on one path."""

    marks: array = field(default_factory=lambda: array("q"))
    open: int = 0
    peak: int = 0


LANES: dict[str, Lane] = defaultdict(Lane)


class Target(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            at = head.lower().find(b"\r\ncontent-length: ")
            length = int(head[at + 18 :].partition(b"\r\n")[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        verb, path, _ = head.split(b" ", 2)
        name, _, behaviour = path[1:].partition(b"/")
        if verb == b"GET":
            self._tell(name, behaviour)
            return
        lane = LANES[name.decode()]
        at = head.find(_ETA)
        due_us = int(head[at + len(_ETA) :].partition(b"\r\n")[0].replace(b".", b"")) if at >= 0 else 0
        lane.marks.extend((due_us, int(body) if body.isdigit() else 0, time.time_ns() // 1000))
        lane.open += 1
        lane.peak = max(lane.peak, lane.open)
        if behaviour == b"slow":
            asyncio.get_running_loop().call_later(SLOW_S, self._answer, lane, _OK)
        elif behaviour != b"hang":
            self._answer(lane, _FAIL if behaviour == b"fail" else _OK)

    def _answer(self, lane: Lane, answer: bytes) -> None:
        lane.open -= 1
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _tell(self, name: bytes, lane: bytes) -> None:
        if name == b"marks":
            answer = LANES[lane.decode()].marks.tobytes()
        else:
            answer = json.dumps({name: [len(one.marks) // 3, one.peak] for name, one in LANES.items()}).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


class Sink:
    """What the benchmark asks the program."""

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        self.url = f"http://{host}:{port}"
        self._session = requests.Session()

    def counts(self) -> dict[str, tuple[int, int]]:
        """By lane: how many requests have come, and how many were open at once at most."""
        return {name: (came, peak) for name, (came, peak) in self._session.get(f"{self.url}/counts").json().items()}

    def arrived(self, lane: str) -> int:
        """How many requests have come on a lane."""
        return self.counts().get(lane, (0, 0))[0]

    def marks(self, lane: str) -> list[Mark]:
        """Every request of a lane, in order."""
        flat = array("q", self._session.get(f"{self.url}/marks/{lane}").content)
        return [Mark(*mark) for mark in zip(flat[::3], flat[1::3], flat[2::3], strict=True)]

    def lateness_ms(self, lane: str, since_us: int = 0) -> list[float]:
        """How much after their schedule time the tasks of a lane came that were due since then, sorted."""
        return sorted((mark.came_us - mark.due_us) / 1e3 for mark in self.marks(lane) if mark.due_us >= since_us)

    def close(self) -> None:
        """Close the connection that asks."""
        self._session.close()


@contextmanager
def sink(*hosts: str) -> Iterator[Sink]:
    """A running target on these addresses of the loopback network, all with one port."""
    hosts = hosts or ("127.0.0.1",)
    with module("sink", *hosts) as (_, told):
        asker = Sink(hosts[0], told["port"])
        try:
            yield asker
        finally:
            asker.close()


async def main() -> None:
    """Serve until killed."""
    first, *others = sys.argv[1:]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, first, 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    for host in others:
        await loop.create_server(Target, host, port, backlog=4096)
    print(json.dumps({"port": port}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
