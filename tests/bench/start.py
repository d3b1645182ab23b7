"""Start: from `headrace up` on the command line to the first request at the target."""

import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.bench.nodes import until
from tests.bench.report import Report
from tests.bench.sink import Sink, sink
from tests.support.rest import Rest
from tests.support.up import Up


async def measure(report: Report, *, runs: int = 3) -> None:
    """A new data directory each time; the task is created as soon as the line with `ready` is there."""
    ready_s, arrived_s = [], []
    with sink() as target, tempfile.TemporaryDirectory(prefix="headrace-bench-") as directory:
        for run in range(runs):
            begun_us = time.time_ns() // 1000
            with Up("--data-dir", Path(directory, str(run))) as up:
                ready_s.append(time.time_ns() / 1e9 - begun_us / 1e6)
                with closing(Rest(up.http)) as rest:
                    rest.create_task("projects/local/locations/us-central1/queues/default", f"{target.url}/{run}")
                await until(lambda run=run: _came(target, str(run)))
                up.stop()
            arrived_s.append((target.marks(str(run))[0].came_us - begun_us) / 1e6)
    report.figure("`headrace up` to ready", statistics.median(ready_s), "s")
    report.figure("`headrace up` to the first request at the target", statistics.median(arrived_s), "s", at_most=3)


async def _came(target: Sink, lane: str) -> bool:
    return target.arrived(lane) > 0
