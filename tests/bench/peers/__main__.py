"""Measure peers: all, or those named, with tasks=N. `python -m tests.bench.peers bullmq celery tasks=20000`."""

import asyncio
import sys
import time
from datetime import UTC, datetime

from tests.bench import page, report
from tests.bench.machine import Missing
from tests.bench.peers import emulator, headrace, job
from tests.bench.peers.catalogue import PEERS

_OF_THE_PROTOCOL = {
    "headrace": headrace.measure,
    "headrace_envoy": headrace.measure_envoy,
    "emulator": emulator.measure,
}
"""What speaks Cloud Tasks: it is not told by a program of its own what to enqueue."""


def main(arguments: list[str]) -> int:
    """Run, write results and the page. Exit status 1 if a peer could not be measured."""
    sizes = {name: int(value) for name, _, value in (word.partition("=") for word in arguments if "=" in word)}
    names = [word for word in arguments if "=" not in word] or [*_OF_THE_PROTOCOL, *PEERS]
    results = report.read(page.RESULTS)
    rows = results.setdefault("peers", {})
    tasks, missing = sizes.get("tasks", 20_000), False
    for name in names:
        begun_s = time.monotonic()
        try:
            found = _measured(name, tasks)
        except (Missing, job.Failed) as error:
            print(f"{name}: not measured: {error}", file=sys.stderr, flush=True)
            missing = True
            continue
        for row in found:
            rows[row.name] = row.as_json() | {"tasks": tasks, "when": datetime.now(UTC).isoformat(timespec="minutes")}
            print(f"{row.name}: {row.added:,.0f}/s added, {row.drained:,.0f}/s drained", flush=True)
        print(f"  took {time.monotonic() - begun_s:.0f} s", flush=True)
        report.write(page.RESULTS, results)
    page.write(report.read(page.RESULTS))
    return int(missing)


def _measured(name: str, tasks: int) -> list[job.Row]:
    if name in _OF_THE_PROTOCOL:
        return asyncio.run(_OF_THE_PROTOCOL[name](tasks))
    return [job.measure(PEERS[name], tasks)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
