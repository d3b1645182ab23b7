"""The Redis-compatible server that `headrace up` runs as its child."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from broker.cli.data_dir import DataDir
from broker.errors import StartupError
from broker.scratch import scratch_directory
from broker.settings import environment_with

_LONGEST_SOCKET_PATH_BYTES = 99
_START_S = 30.0
_STOP_S = 10.0
_POLL_S = 0.01
_PR_SET_PDEATHSIG = 1
ALLOCATION = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000"}
"""A script's arguments are more small objects than glibc keeps at hand by default: a tenth of the server's CPU. The
packaged server has no allocator of its own; others do not care."""

SORTED_SETS = {"zset-max-listpack-entries": "16"}
"""Small sets are searched from their beginning: at 100 running attempts a quarter of what a task costs."""


class EmbeddedServer:
    """A running server; `url` is where it listens. Made by `run_embedded_server`."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path, log: Path) -> None:
        self.url = f"unix://{quote(str(socket))}"
        self._process = process
        self._socket = socket
        self._log = log

    async def until_dead(self) -> StartupError:
        """Wait until the server has ended by itself; the answer says so in one line."""
        status = await self._process.wait()
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return StartupError(f"the Redis server ended with {how}; its last words in {self._log}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "none")

    async def wait_until_ready(self) -> None:
        """Wait until the server answers PING, however long it loads its data. Raises StartupError."""
        deadline = asyncio.get_running_loop().time() + _START_S
        while (answer := await _ping(self._socket)) != b"+PONG":
            if self._process.returncode is not None:
                raise await self.until_dead()
            if not answer.startswith(b"-LOADING") and asyncio.get_running_loop().time() >= deadline:
                raise StartupError(f"the Redis server did not answer within {_START_S:.0f} s; see {self._log}")
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """Let the server write its data and end."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def run_embedded_server(binary: Path, data_dir: DataDir) -> AsyncIterator[EmbeddedServer]:
    """A server on a unix socket that keeps its data in `data_dir`, ready for commands; stopped at the end.

    It does not outlive this process: on Linux the kernel ends it even if this process is killed.
    """
    with _socket_path(data_dir.path) as socket, contextlib.closing(_open_log(data_dir.path)) as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            *_arguments(data_dir.path, socket),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(data_dir.lock_descriptor,),
            env=environment_with(ALLOCATION),
            start_new_session=True,  # or Ctrl-C, sent to all in the foreground, would end it before the drain
            preexec_fn=dies_with_parent(),
        )
        server = EmbeddedServer(process, socket, data_dir.path / "redis.log")
        try:
            await server.wait_until_ready()
            yield server
        finally:
            await server.stop()


def _arguments(directory: Path, socket: Path) -> list[str]:
    """Durable to the last second, and never dropping data for want of memory."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "always-show-logo": "no",
        **SORTED_SETS,
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]


@contextlib.contextmanager
def _socket_path(directory: Path) -> Iterator[Path]:
    """A path for the socket: in the data directory, or in a temporary one where that path is too long."""
    path = directory / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH_BYTES:
        yield path
        return
    with scratch_directory() as scratch:
        yield scratch.path / "redis.sock"


def _open_log(directory: Path) -> BinaryIO:
    try:
        return (directory / "redis.log").open("ab")
    except OSError as error:
        raise StartupError(f"cannot write {directory / 'redis.log'}: {error.strerror}") from None


def dies_with_parent() -> Callable[[], None] | None:
    """What a child is to do before it becomes another program: ask for SIGTERM at the death of its parent.

    None where the system has no such thing. The parent is the thread that makes the child, not its process.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


async def _ping(socket: Path) -> bytes:
    """The server's answer to PING, without its end; empty if it does not listen yet."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
        with contextlib.closing(writer):
            writer.write(b"PING\r\n")
            return (await reader.readline()).rstrip()
    except OSError:
        return b""
