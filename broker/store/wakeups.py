"""Wake-ups: scripts say on a partition's channel that it wants a claim sooner than it did."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from redis import exceptions

from broker.store.backend import Backend
from broker.store.lane import Lane

_RECONNECT_AFTER_S = 0.5


class Wakeups:
    """Listens on every partition's channel. Wake-ups are hints: what is lost while a connection is down stays lost."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._partitions = {
            backend.keys.wake_channel(partition).encode(): partition for partition in range(backend.keys.partitions)
        }

    async def listen(self, wake: Callable[[int], None]) -> None:
        """Call `wake(partition)` for each wake-up until cancelled.

        After every (re)connection each partition is woken once, for what may have been missed.
        """
        while True:
            by_lane: dict[Lane, list[bytes]] = defaultdict(list)
            try:
                for channel, partition in self._partitions.items():
                    lane = self._backend.topology.lane(self._backend.keys.prefix(partition))
                    by_lane[lane].append(channel)
                async with asyncio.TaskGroup() as group:
                    for lane, channels in by_lane.items():
                        group.create_task(self._listen_on(lane, channels, wake))
            except* exceptions.RedisError:
                await asyncio.sleep(_RECONNECT_AFTER_S)

    async def _listen_on(self, lane: Lane, channels: list[bytes], wake: Callable[[int], None]) -> None:
        async with lane.client.pubsub() as subscription:
            await subscription.ssubscribe(*channels)
            while True:
                message = await subscription.get_message(timeout=None)
                if message is None:
                    continue
                if message["type"] == "sunsubscribe":
                    raise exceptions.ConnectionError("the partition has moved to another node")
                if message["type"] in ("smessage", "ssubscribe"):
                    wake(self._partitions[message["channel"]])
