"""Where a process's time goes: samples of its stack, taken by py-spy, counted by stage."""

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.children import end, spawn
from tests.bench.machine import Missing, cpu_s

RATE_HZ = 500

Stages = Sequence[tuple[str, str]]
"""Name and pattern: the first frame from the top of a stack that one of these matches decides what it is counted as."""


@dataclass(frozen=True)
class Watched:
    """What was seen."""

    cpu_s: float
    took_s: float
    shares: list[tuple[str, float]]
    """The share of the samples by stage, most first."""


class Watch:
    """Samples of a running process, from when it is made until `stop`. Raises Missing without py-spy."""

    def __init__(self, pid: int) -> None:
        spy = Path(sys.executable).with_name("py-spy")
        if not spy.exists():
            raise Missing("py-spy is not installed: `make bench` installs it")
        self._pid = pid
        self._directory = tempfile.TemporaryDirectory(prefix="headrace-bench-")
        self._folded = Path(self._directory.name, "stacks")
        options = ("--rate", RATE_HZ, "--format", "raw", "--output", self._folded, "--pid", pid)
        self._process = spawn(spy, "record", "--nonblocking", "--duration", "unlimited", *options)
        self._used_s, self._begun_s = cpu_s(pid), time.monotonic()

    def stop(self, stages: Stages, rest: str) -> Watched:
        """End it and count; what no stage matches as `rest`."""
        used_s, took_s = cpu_s(self._pid) - self._used_s, time.monotonic() - self._begun_s
        self._process.send_signal(2)
        self._process.wait(30)
        end(self._process)
        counts: Counter[str] = Counter()
        for line in self._folded.read_text().splitlines():
            frames, _, samples = line.rpartition(" ")
            counts[_stage(frames.split(";"), stages) or rest] += int(samples)
        self._directory.cleanup()
        total = max(1, counts.total())
        return Watched(used_s, took_s, [(stage, samples / total) for stage, samples in counts.most_common()])


def _stage(frames: list[str], stages: Stages) -> str | None:
    for frame in reversed(frames):
        for stage, pattern in stages:
            if re.search(pattern, frame):
                return stage
    return None
