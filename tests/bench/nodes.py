"""What a benchmark runs: a Redis with its append-only file, and nodes with the settings that users get."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from broker.cli.embedded_server import ALLOCATION, SORTED_SETS
from tests.support.nodes import StartingNode, together
from tests.support.servers import Server, available_binaries

DEADLINE_S = 90.0
_LOOK_EVERY_S = 0.02


@contextmanager
def redis() -> Iterator[Server]:
    """A server as `headrace up` starts it: every write in the append-only file, synced every second."""
    binary: Path = next(iter(available_binaries().values()))
    indices = (part for name, value in SORTED_SETS.items() for part in (f"--{name}", value))
    settings = ("--appendonly", "yes", "--appendfsync", "everysec", *indices)
    with closing(Server(binary, *settings, environment=ALLOCATION)) as server:
        yield server


@contextmanager
def dispatchers(redis_url: str, count: int = 1, *flags: object) -> Iterator[list[StartingNode]]:
    """So many dispatchers that send to loopback, ready."""
    settings = ("--metrics-port", 0, "--egress", "any", "--issuer", "http://issuer.test")
    with ExitStack() as stack:
        nodes = [StartingNode("dispatcher", "--redis-url", redis_url, *settings, *flags) for _ in range(count)]
        for node in together(*nodes):
            stack.callback(node.close)
        yield nodes


@contextmanager
def api(redis_url: str, *flags: object) -> Iterator[StartingNode]:
    """An API node whose queues may be as fast as they like, ready."""
    settings = ("--grpc-port", 0, "--http-port", 0, "--limit", "leases_per_second=0")
    limits = ("--limit", "max_dispatches_per_second=1000000", "--limit", "max_burst_size=1000000")
    node = StartingNode("api", "--redis-url", redis_url, *settings, *limits, *flags)
    together(node)
    with closing(node):
        yield node


async def until(look: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Wait until something holds. Raises TimeoutError."""
    ends_s = time.monotonic() + deadline_s
    while not await look():
        if time.monotonic() > ends_s:
            raise TimeoutError(f"still not so after {deadline_s} s: {look}")
        await asyncio.sleep(_LOOK_EVERY_S)
