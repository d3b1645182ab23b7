"""One of the processes that `headrace api --workers N` runs, as their parent sees it."""

import asyncio
import logging
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from broker.api.envoy.sockets import Sockets
from broker.errors import StartupError
from broker.settings import Settings

READY = "ready "

_COMMAND = (sys.executable, "-P", "-c", "from broker.cli.api_worker import main; main()")
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_MARGIN_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told: the settings, and the Unix sockets at which counts are told."""

    settings: Settings
    own_counts: Path
    """What the worker itself has counted."""
    all_counts: Path
    """What all workers have counted: their parent tells it."""
    sockets: Sockets | None = None
    """What is between the worker and the Envoy that it lives in, if it does."""


class WorkerProcess:
    """A worker that is started again whenever it ends, after a pause that grows while it does not live long."""

    def __init__(
        self,
        order: Order,
        descriptor: int,
        command: Sequence[str] = _COMMAND,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`descriptor` shows that the directory of the sockets is in use."""
        self.counts_path = order.own_counts
        self._order, self._descriptor, self._command, self._environment = order, descriptor, command, environment
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None if it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def start(self) -> str:
        """Starts it, waits until it answers, and returns its addresses. Raises StartupError."""
        # In a session of its own, so that Ctrl-C reaches its parent alone, which then stops all in order.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            env=self._environment,
            start_new_session=True,
            pass_fds=(self._descriptor,),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(ConnectionError):
            self._process.stdin.write(pickle.dumps(self._order))
            await self._process.stdin.drain()
        line = (await self._process.stdout.readline()).decode().rstrip("\n")
        if not line.startswith(READY):
            status = await self._process.wait()
            raise StartupError(line or f"a worker ended with status {status} before it was ready")
        return line.removeprefix(READY)

    async def keep(self) -> None:
        """Starts it again whenever it ends. Does not return."""
        clock, pause_s = asyncio.get_running_loop().time, _SHORTEST_PAUSE_S
        while True:
            assert self._process is not None
            began_s, pid = clock(), self._process.pid
            status = await self._process.wait()
            if clock() - began_s > _LONGEST_PAUSE_S:
                pause_s = _SHORTEST_PAUSE_S
            _log.warning("worker ended, starting another", extra={"pid": pid, "status": status, "pause_s": pause_s})
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                await self.start()
            except StartupError as error:
                _log.warning("worker cannot start", extra={"reason": str(error)})

    async def stop(self) -> None:
        """Stops it in order, and by force if that takes longer than it may or is cancelled."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            assert process.stdin is not None
            process.stdin.close()
            async with asyncio.timeout(self._order.settings.drain_s + _MARGIN_S):
                await process.wait()
        except TimeoutError:
            _log.warning("worker does not stop, killing it", extra={"pid": process.pid})
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
