"""A dispatcher that only claims, as fast as it may, and tells when it got how many. A program.

It shows what the token bucket lets through at rates that no dispatcher on this machine can send. It settles nothing:
that would show how fast Redis settles. So the queue must allow as many attempts at once as there are tasks.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvloop

from broker.store.store import Store
from tests.bench.children import module

_MOST_TASKS = 500
_LEASE_US = 30_000_000


class ClaimLoop:
    """One such program that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def stop(self) -> list[tuple[int, int]]:
        """End it; when it got how many tasks (us)."""
        output, _ = self._process.communicate("\n", timeout=30)
        return [(moment_us, tasks) for moment_us, tasks in json.loads(output)]


@contextmanager
def claim_loops(url: str, partition: int, count: int) -> Iterator[list[ClaimLoop]]:
    """So many of them, ready."""
    with ExitStack() as stack:
        started = [
            module("claim_loop", url, partition, f"loop-{number}", stdin=subprocess.PIPE) for number in range(count)
        ]
        yield [ClaimLoop(stack.enter_context(one)[0]) for one in started]


async def main(url: str, partition: int, owner: str) -> None:
    """Claim until a line comes on standard input, then print [[time (us), tasks], ...]."""
    store = await Store.open(url)
    moments: list[tuple[int, int]] = []
    loop = asyncio.get_running_loop()
    asked_to_end = loop.run_in_executor(None, sys.stdin.readline)
    print(json.dumps({"ready": 1}), flush=True)
    number = 0
    while not asked_to_end.done():
        claim = await store.attempts.claim(
            partition, owner=owner, number=number, max_tasks=_MOST_TASKS, lease_us=_LEASE_US, skip=()
        )
        number += 1
        if claim.tasks:
            moments.append((claim.now_us, len(claim.tasks)))
        pause_s = 0.01 if claim.delay_us is None else min(claim.delay_us / 1e6, 0.01)
        await asyncio.sleep(pause_s)
    await store.close()
    print(json.dumps(moments), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
