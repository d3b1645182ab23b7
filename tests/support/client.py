"""The official Cloud Tasks client in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from tests.support.up import ROOT, environment

LOCATION = "projects/p/locations/us-central1"


class CallError(Exception):
    """The client raised an error of this class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Client:
    """`client.create_task(parent=..., task={...})`: requests and answers are the messages' JSON."""

    def __init__(self, transport: str, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.client_program", transport, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def __getattr__(self, call: str) -> Any:
        def make(**request: Any) -> Any:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(json.dumps({"name": call, "request": request}), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
            if "error" in answer:
                raise CallError(answer["error"], answer["message"])
            return answer["answer"]

        return make

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
