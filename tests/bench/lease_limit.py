"""What a lease cannot be faster than: Redis commands on the same records and indices, without a script or a task."""

import time
from collections.abc import Iterator

from broker.model.names import QueueName
from broker.store.store import Store
from tests.support.servers import Server

_CHANGED_OFFSET, _CHANGED_BYTES = 44, 59
"""The part of a record that a lease changes."""


async def raw_times_ms(server: Server, store: Store, queue: QueueName, batch: int) -> tuple[list[float], list[float]]:
    """How long it takes to read the records of `batch` tasks, and to read them and write as much as a lease writes.

    Each for all tasks of a queue, which stays as it is: what is written is what was there. Sorted.
    """
    reading = sorted(_each(server, *await _place(store, queue), batch, writes=False))
    writing = sorted(_each(server, *await _place(store, queue), batch, writes=True))
    return reading, writing


async def _place(store: Store, queue: QueueName) -> tuple[str, str]:
    """The queue's index, and what its records' keys begin with."""
    keys, queue_id = store.backend.keys, await store.queues.id_of(queue)
    partition = keys.partition_of(queue)
    config = f"{keys.prefix(partition)}:{queue_id}"
    generation = await store.backend.command(config, "HGET", config, "generation")
    return f"{config}:e{generation.decode()}", keys.task(partition, queue_id, "")


def _each(server: Server, index: str, prefix: str, batch: int, *, writes: bool) -> Iterator[float]:
    client = server.client
    for first in range(0, client.zcard(index), batch):
        begun_s = time.perf_counter()
        ids = client.zrange(index, first, first + batch - 1, withscores=writes)
        names = [prefix + (each[0] if writes else each).decode() for each in ids]
        raws = client.mget(names)
        if writes:
            pipeline = client.pipeline(transaction=False)
            for name, raw in zip(names, raws, strict=True):
                pipeline.setrange(name, _CHANGED_OFFSET, raw[_CHANGED_OFFSET : _CHANGED_OFFSET + _CHANGED_BYTES])
            pipeline.zadd(index, dict(ids))
            pipeline.zadd(f"{index}:t:", dict(ids))
            pipeline.execute()
        yield (time.perf_counter() - begun_s) * 1e3
