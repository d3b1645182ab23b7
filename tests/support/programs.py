"""Programs of Python that are run often: they are forked from a process which has loaded what they need."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

FORKING = Path(__file__).with_name("forking.py")


class Programs:
    """A process that runs programs, one at a time; most of what a short one costs is to load what it uses."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=FORKING.parent,
            env=environment,
        )

    def run(self, *command: str) -> str:
        """What a program prints. Raises RuntimeError, with what it says on standard error, if it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(command), file=self._process.stdin, flush=True)
        status, output, errors = json.loads(self._process.stdout.readline())
        if status:
            raise RuntimeError(errors)
        return str(output)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)
