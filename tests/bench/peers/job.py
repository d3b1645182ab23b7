"""The job: enqueue N tasks of 200 bytes, then start workers that POST each to nginx, and time from 10 % to the last."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from broker.cli.embedded_server import dies_with_parent
from tests.bench.nginx import Nginx, nginx
from tests.bench.nodes import redis
from tests.bench.peers.catalogue import Peer
from tests.bench.peers.installing import PROGRAMS, home, install, interpreter, program, versions

WARM_UP = 0.1
_DEADLINE_S = 120.0
_ENDS_WITHIN_S = 5.0


class Failed(Exception):
    """A peer did not do its job. The message ends with what it printed."""


@dataclass(frozen=True)
class Row:
    """What one queue did."""

    name: str
    versions: str
    chosen: str
    added: float
    """Tasks enqueued a second."""
    drained: float
    """Tasks delivered a second."""

    def as_json(self) -> dict[str, Any]:
        """The row as plain values."""
        return asdict(self)


def measure(peer: Peer, tasks: int) -> Row:
    """Do the job with a peer. Raises Missing, Failed."""
    install(peer)
    with redis() as server, nginx() as sink:
        variables = {
            "PEER_REDIS_PORT": str(server.port),
            "PEER_SINK": sink.url,
            "PEER_TASKS": str(tasks),
            "PEER_HOME": str(home(peer)),
        }
        added = _enqueue(peer, variables)
        before = sink.arrived()
        with workers(peer, variables) as log:
            drained = delivered_per_s(sink, before, tasks, log)
    return Row(peer.name, versions(peer), peer.chosen, tasks / added, drained)


def delivered_per_s(sink: Nginx, before: int, tasks: int, log: Path | None = None) -> float:
    """Wait for all tasks; how many a second came after the first tenth. Raises Failed."""
    first, begun_s, ends_s = 0, 0.0, time.monotonic() + _DEADLINE_S
    while (came := sink.arrived() - before) < tasks:
        if not first and came >= tasks * WARM_UP:
            first, begun_s = came, time.monotonic()
        if time.monotonic() > ends_s:
            raise Failed(f"{came} of {tasks} after {_DEADLINE_S:.0f} s: {log.read_text()[-500:] if log else ''}")
        time.sleep(0.02)
    return (came - first) / (time.monotonic() - begun_s) if first else float(tasks)


def _enqueue(peer: Peer, variables: dict[str, str]) -> float:
    source = [] if peer.suffix == "go" else [program(peer)]
    command = [interpreter(peer), *source, "enqueue"]
    done = subprocess.run(
        command, env=os.environ | variables, cwd=PROGRAMS, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise Failed(done.stderr[-500:])
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


@contextmanager
def workers(peer: Peer, variables: dict[str, str], **more_words: str) -> Iterator[Path]:
    """Worker processes, ended by SIGTERM; the file of what they print. `more_words` of `work` are filled in, too."""
    source = program(peer)
    words = {"PYTHON": str(interpreter(peer)), "PROGRAM": str(source), "MODULE": source.stem} | more_words
    command = [_filled(word, words) for word in peer.work]
    log = home(peer) / "output"
    with ExitStack() as stack:
        output = stack.enter_context(log.open("w"))
        for _ in range(peer.processes):
            process = subprocess.Popen(
                command,
                env=os.environ | variables,
                cwd=PROGRAMS,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
            stack.callback(_end, process)
        yield log


def _filled(word: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        if word == name or word.startswith(f"{name}:"):
            return value + word[len(name) :]
    return word


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a worker with all that it has started: they have a process group of their own."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ENDS_WITHIN_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
