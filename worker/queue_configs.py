"""The queues' configurations that this dispatcher has seen, by version."""

import asyncio
from dataclasses import dataclass

from broker.metrics import Metrics, QueueMetrics
from broker.model.queue import Queue
from broker.store.queues import QueueStore

_MOST_CONFIGS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class QueueConfig:
    """What sending needs to know of a queue. Compared by identity: what follows from one is remembered by it."""

    queue: Queue
    version: int
    metrics: QueueMetrics


class QueueConfigs:
    """Answers the configuration a claim was made under; fetches a version it does not know, once."""

    def __init__(self, queues: QueueStore, metrics: Metrics) -> None:
        self._queues = queues
        self._metrics = metrics
        self._known: dict[tuple[int, str], QueueConfig] = {}
        self._fetching: dict[tuple[int, str], asyncio.Task[QueueConfig | None]] = {}

    def known(self, partition: int, queue_id: str, version: int) -> QueueConfig | None:
        """The configuration if it is at hand and at least as new as `version`."""
        config = self._known.get((partition, queue_id))
        return config if config and config.version >= version else None

    async def fetch(self, partition: int, queue_id: str) -> QueueConfig | None:
        """The present configuration from the store; None if the queue is gone. Raises StoreUnavailable."""
        key = partition, queue_id
        fetching = self._fetching.get(key)
        if fetching is None:
            fetching = self._fetching[key] = asyncio.create_task(self._fetch(partition, queue_id))
            fetching.add_done_callback(lambda _: self._fetching.pop(key))
        return await asyncio.shield(fetching)

    async def _fetch(self, partition: int, queue_id: str) -> QueueConfig | None:
        stored = await self._queues.by_id(partition, queue_id)
        if stored is None:
            return None
        config = QueueConfig(stored.queue, stored.version, self._metrics.for_queue(str(stored.queue.name)))
        if len(self._known) >= _MOST_CONFIGS:
            self._known.clear()
        self._known[partition, queue_id] = config
        return config
