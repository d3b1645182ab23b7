"""The whole store as plain values, and what an operation changed of it."""

import re
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from broker.store.keys import Keyspace
from broker.store.record import Header
from broker.store.store import Store

FIXED_BYTES = 111
"""What every record begins with. The payload of a snapshot's record is all that comes after it."""
_GONE = -2
"""What PTTL answers for a key that is not there."""
_REQUESTS = ("last_request", "policy_etag", "request_id")
"""Random: what they are for is tested where a request is repeated."""


@dataclass(frozen=True)
class Tombstone:
    """A name that cannot be used before `expiry_us`."""

    expiry_us: int


@dataclass(frozen=True)
class Damaged:
    """A string that is neither record nor tombstone."""

    raw: bytes


@dataclass
class Snapshot:
    """Every key under the deployment's namespace: decoded values, and times to live (ms, only of keys with one)."""

    values: dict[str, Any] = field(default_factory=dict)
    ttls_ms: dict[str, int] = field(default_factory=dict)

    def partition(self, keys: Keyspace, partition: int) -> dict[str, Any]:
        """The values of one partition, under the names that follow its prefix."""
        prefix = keys.prefix(partition) + ":"
        return {key.removeprefix(prefix): value for key, value in self.values.items() if key.startswith(prefix)}


async def take_snapshot(store: Store) -> Snapshot:
    """Read every key of the store's namespace. Not atomic: nobody else may be at work.

    What comes to the end of its time meanwhile is left out.
    """
    snapshot = Snapshot()
    for lane in store.backend.topology.lanes():
        names = [key async for key in _keys(lane.client, store.backend.keys.namespace)]
        types = await _pipelined(lane.client, [("TYPE", name) for name in names])
        reads = [_read(kind.decode(), name) for kind, name in zip(types, names, strict=True)]
        raws = await _pipelined(lane.client, reads)
        ttls = await _pipelined(lane.client, [("PTTL", name) for name in names])
        for kind, name, raw, ttl in zip(types, names, raws, ttls, strict=True):
            if ttl == _GONE:
                continue
            snapshot.values[_text(name)] = _decoded(kind.decode(), _text(name), raw)
            if ttl >= 0:
                snapshot.ttls_ms[_text(name)] = ttl
    return snapshot


async def partition_values(store: Store, partition: int = 0) -> dict[str, Any]:
    """The values of one partition: names as in `broker/store/keys.py`, without the prefix."""
    return (await take_snapshot(store)).partition(store.backend.keys, partition)


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Every leaf that differs, as KEY/FIELD (or KEY) -> the new value; None for what is gone.

    Without statistics, and without what the store remembers of calls for a few seconds.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return {path: new.get(path) for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)}


def _text(name: bytes) -> str:
    """A key's name; tags in it may be any bytes."""
    return name.decode(errors="backslashreplace")


async def _keys(client: Any, namespace: str) -> AsyncIterator[bytes]:
    for pattern in (f"{{{namespace}}}:*", f"{{{namespace}:*"):
        async for key in client.scan_iter(match=pattern, count=1000):
            yield key


async def _pipelined(client: Any, commands: list[tuple[Any, ...]]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[Any] = await pipeline.execute()
    return answers


def _read(kind: str, name: bytes) -> tuple[Any, ...]:
    return {
        "hash": ("HGETALL", name),
        "zset": ("ZRANGE", name, 0, -1, "WITHSCORES"),
        "string": ("GET", name),
        "none": ("GET", name),
    }[kind]


def _decoded(kind: str, name: str, raw: Any) -> Any:
    if kind == "hash":
        pairs = raw.items() if isinstance(raw, dict) else zip(raw[::2], raw[1::2], strict=True)
        return {key.decode(): _scalar(value) for key, value in pairs if key.decode() not in _REQUESTS}
    if kind == "zset":
        pairs = zip(raw[::2], raw[1::2], strict=True) if raw and not isinstance(raw[0], list | tuple) else raw
        return {member.decode(): _score(score) for member, score in pairs}
    return string_value(raw) if re.search(r"\}:(\d+:t|gone):", name) else raw


def string_value(raw: bytes) -> Any:
    """A record as a dict of its header's fields and its payload, a Tombstone, or Damaged."""
    if raw[:1] == b"T" and len(raw) == 17:
        return Tombstone(struct.unpack(">Q", raw[1:9])[0])
    if len(raw) < FIXED_BYTES or raw[0] != 1:
        return Damaged(raw)
    header = Header.unpack(raw)._asdict()
    del header["request_id"]
    return header | {"payload": raw[FIXED_BYTES:]}


def _scalar(raw: bytes) -> Any:
    for kind in (int, float):
        try:
            return kind(raw)
        except ValueError:
            continue
    return raw.decode()


def _score(raw: Any) -> int | float:
    score = float(raw)
    return int(score) if score.is_integer() else score


def _leaves(values: dict[str, Any], path: str = "") -> Any:
    for key, value in values.items():
        if re.fullmatch(r"\d+:[cs]|leased:.+", key):
            continue
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}/")
        else:
            yield f"{path}{key}", value
