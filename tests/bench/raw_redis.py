"""The same bytes by plain commands in pipelines: what Redis itself needs for a task, without scripts or checks."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.redis_cost import RedisCost
from tests.support.servers import Server

_ETA, _LEASES = "{hr:0}:raw:e1", "{hr:0}:raw:l"
_LEASE_US = 30_000_000


def cost(
    server: Server, tasks: int, record_bytes: int, *, create_batch: int, execute_batch: int
) -> tuple[float, float]:
    """CPU (us) of one create, and of one claim and settle, of tasks with records of this size."""
    first = 10**17 + secrets.randbelow(10**17)
    ids = [str(first + number) for number in range(tasks)]
    record = secrets.token_bytes(record_bytes)
    begun = RedisCost.now(server)
    _run(server, ids, create_batch, lambda batch: _create(batch, record))
    created = RedisCost.now(server)
    _run(server, ids, execute_batch, _claim)
    _run(server, ids, execute_batch, _settle)
    executed = RedisCost.now(server)
    return created.since(begun).cpu_us / tasks, executed.since(created).cpu_us / tasks


def _run(server: Server, ids: list[str], size: int, commands: Callable[[list[str]], Iterator[tuple[Any, ...]]]) -> None:
    for start in range(0, len(ids), size):
        with server.client.pipeline(transaction=False) as pipeline:
            for command in commands(ids[start : start + size]):
                pipeline.execute_command(*command)
            pipeline.execute()


def _key(task_id: str) -> str:
    return f"{{hr:0}}:raw:t:{task_id}"


def _member(task_id: str) -> str:
    return f"{task_id}:1700000000000000"


def _create(ids: list[str], record: bytes) -> Iterator[tuple[Any, ...]]:
    for task_id in ids:
        yield "SET", _key(task_id), record, "NX"
    yield "ZADD", _ETA, *(word for task_id in ids for word in (task_id[-16:], task_id))


def _claim(ids: list[str]) -> Iterator[tuple[Any, ...]]:
    yield "ZRANGE", _ETA, "-inf", "+inf", "BYSCORE", "LIMIT", 0, len(ids)
    for task_id in ids:
        yield "GET", _key(task_id)
    yield "ZADD", _LEASES, *(word for task_id in ids for word in (_LEASE_US, _member(task_id)))
    yield "ZADD", _ETA, *(word for task_id in ids for word in (10**17, task_id))


def _settle(ids: list[str]) -> Iterator[tuple[Any, ...]]:
    yield "ZMSCORE", _LEASES, *map(_member, ids)
    yield "ZMSCORE", _ETA, *ids
    yield "ZREM", _LEASES, *map(_member, ids)
    yield "ZREM", _ETA, *ids
    yield "UNLINK", *map(_key, ids)
