"""`headrace plan`: how many nodes and Redis shards a load needs."""

import re
from typing import Annotated

import typer

from broker.errors import StartupError
from broker.model.capacity import Costs, Load
from broker.model.capacity import Plan as Capacity
from broker.model.capacity import plan as capacity_of

_UNITS_BYTES = {"": 1, "B": 1, "KB": 1000, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_UNITS_S = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86_400}


def plan(
    rate: Annotated[float, typer.Option("--rate", metavar="N", help="Tasks created a second in the busiest minutes.")],
    payload: Annotated[
        str, typer.Option("--payload", metavar="SIZE", help="URL, headers and body of a task, such as 300 or 2KB.")
    ] = "300",
    retries: Annotated[
        float, typer.Option("--retries", metavar="N", min=0, help="Further attempts of an average task, such as 0.1.")
    ] = 0.0,
    latency: Annotated[
        str, typer.Option("--latency", metavar="TIME", help="How long targets take to answer, such as 50ms or 2s.")
    ] = "100ms",
    backlog: Annotated[
        str, typer.Option("--backlog", metavar="TIME", help="How long tasks pile up at worst, such as 10m or 2d.")
    ] = "10m",
    rest: Annotated[bool, typer.Option("--rest", help="Tasks are created over REST instead of gRPC.")] = False,
    headroom: Annotated[
        float, typer.Option("--headroom", metavar="SHARE", min=0.05, max=1, help="Share of anything to be used up.")
    ] = 0.6,
    max_in_flight: Annotated[
        int, typer.Option("--max-in-flight", metavar="N", min=1, help="Requests that one dispatcher has open.")
    ] = 1000,
    shard_memory: Annotated[
        str, typer.Option("--shard-memory", metavar="SIZE", help="Memory (maxmemory) of one Redis shard.")
    ] = "8GiB",
) -> None:
    """Calculate how many API nodes, dispatchers and Redis shards a load needs, from what a task was measured to cost.

    docs/capacity.md has the formulas. Measure on your own machines before you buy any.
    """
    if not 0 < rate < 1e9:
        raise StartupError(f"--rate must be a number above 0; got {rate:g}")
    load = Load(
        rate,
        payload_bytes=_bytes("--payload", payload),
        retries=retries,
        target_s=_seconds("--latency", latency),
        backlog_s=_seconds("--backlog", backlog),
        rest=rest,
        headroom=headroom,
        max_in_flight=max_in_flight,
        shard_bytes=max(1, _bytes("--shard-memory", shard_memory)),
    )
    print("\n".join(_lines(load, capacity_of(load))))


def _lines(load: Load, needed: Capacity) -> list[str]:
    costs, size = Costs(), load.payload_bytes
    create_us = (costs.api_rest if load.rest else costs.api_grpc).of(size)
    redis_us = costs.redis_create.of(size) + (1 + load.retries) * costs.redis_attempt.of(size)
    rows = [
        ("API nodes", needed.api_nodes, f"{needed.api_cores:.2f} cores at {create_us:.0f} us a create, and one spare"),
        (
            "dispatchers",
            needed.dispatchers,
            f"{needed.dispatcher_cores:.2f} cores at {costs.dispatcher.of(size):.0f} us an attempt, "
            f"{load.in_flight:.0f} requests open, and one spare",
        ),
        (
            "Redis shards",
            needed.shards,
            f"{needed.redis_cores:.2f} cores at {redis_us:.0f} us a task, {_size(needed.memory_bytes)} of memory",
        ),
        ("queues", needed.queues, "at least, to spread the load over"),
    ]
    return [
        f"{load.rate:,.10g} tasks/s of {size:,} B, {load.attempts:,.10g} attempts/s, "
        f"{needed.wire_bits / 1e6:.3g} Mbit/s of payloads to targets",
        "",
        *(f"{what:<13}{count:>6}   {why}" for what, count, why in rows),
    ]


def _size(amount: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.3g} {unit}" if amount < 100 else f"{amount:.0f} {unit}"


def _bytes(flag: str, text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kKMG]?i?B?)", text)
    if not match or match[2].upper() not in _UNITS_BYTES:
        raise StartupError(f"{flag} must be a size such as 300, 2KB or 8GiB; got {text!r}")
    return round(float(match[1]) * _UNITS_BYTES[match[2].upper()])


def _seconds(flag: str, text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)", text)
    if not match:
        raise StartupError(f"{flag} must be a time such as 50ms, 2s, 10m, 1h or 2d; got {text!r}")
    return float(match[1]) * _UNITS_S[match[2]]
