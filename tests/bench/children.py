"""Programs of the benchmarks as child processes that die with them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from broker.cli.embedded_server import dies_with_parent
from tests.support.up import ROOT, environment


def spawn(*command: object, **options: object) -> subprocess.Popen[str]:
    """Start a program whose output is read by the caller."""
    return subprocess.Popen(
        [str(word) for word in command],
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT} | options,
        env=environment(PATH=os.environ["PATH"]),
        start_new_session=True,
        preexec_fn=dies_with_parent(),
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a program that was started here."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


@contextmanager
def module(name: str, *arguments: object, **options: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A module of `tests.bench` as a program, and what its first line of output says, which is JSON."""
    process = spawn(sys.executable, "-m", f"tests.bench.{name}", *arguments, **options)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        end(process)


def output_of(*command: object) -> str:
    """What a program prints that ends by itself."""
    process = spawn(*command, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output
