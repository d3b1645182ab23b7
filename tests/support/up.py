"""`headrace up`, and the other commands, as child processes."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from broker.cli.embedded_server import dies_with_parent
from tests.support.processes import descendants, is_alive
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
HEADRACE = (sys.executable, "-m", "broker.cli.main")


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of Headrace, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""} | variables


def run_headrace(
    *arguments: object, command: tuple[str, ...] = HEADRACE, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, with what it printed."""
    words, env = [*command, *map(str, arguments)], environment(**variables)
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env=env, check=False)


class Node:
    """A running `headrace` command, which ends its output with a line that contains " ready "."""

    def __init__(self, *arguments: object, command: tuple[str, ...] = HEADRACE, **variables: str) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="headrace-test-")
        self.stderr_path = Path(self.directory.name) / "stderr"
        with self.stderr_path.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=self.directory.name,
                env=environment(**variables),
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
        self.pid = self.process.pid
        self.lines: list[str] = []
        self.family: set[int] = set()
        try:
            self.ready_line = self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("headrace ") and " ready " in line:
                self.family = {self.pid} | descendants(self.pid)
                return self.lines[-1]
        raise AssertionError(f"ended before it was ready: {self.lines} {self.stderr}")

    def address(self, name: str) -> str:
        """An address of the ready line, by its name: grpc, http or metrics."""
        match = re.search(rf"\b{name}=(\S+)", self.ready_line)
        assert match, self.ready_line
        return match[1]

    @property
    def grpc(self) -> str:
        """HOST:PORT of the gRPC API."""
        return self.address("grpc")

    @property
    def http(self) -> str:
        """URL of the REST API."""
        return self.address("http")

    @property
    def stderr(self) -> str:
        """What the node has logged so far."""
        return self.stderr_path.read_text()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the node, and to nothing else."""
        self.process.send_signal(number)

    def wait(self, timeout_s: float = 60) -> int:
        """The exit status of the node, once it and everything it started are gone."""
        status = self.process.wait(timeout_s)
        eventually(lambda: not any(map(is_alive, self.family)))
        return status

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """kill -9 of the node alone; waits until everything it started is gone."""
        self.process.kill()
        self.wait()

    def close(self) -> None:
        """End the node if it still runs, and forget its files."""
        if self.process.poll() is None:
            self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Up(Node):
    """`headrace up` on free ports, with its data in a directory of its own unless `--data-dir` is given."""

    def __init__(self, *arguments: object, command: tuple[str, ...] = HEADRACE, **variables: str) -> None:
        super().__init__("up", "--grpc-port", 0, "--http-port", 0, *arguments, command=command, **variables)
