"""Wake-ups: scripts say on a partition's channel that it wants a claim sooner than it did."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection

from redis import exceptions

from broker.store.backend import Backend
from broker.store.lane import Lane

_RECONNECT_AFTER_S = 0.5
_PING_AFTER_S = 10.0

_Post = tuple[Lane, frozenset[bytes]]
"""What one connection listens to: channels of one node."""

log = logging.getLogger(__name__)


class Wakeups:
    """Listens on every partition's channel. Wake-ups are hints: what is lost while a connection is down stays lost."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._partitions = {
            backend.keys.wake_channel(partition).encode(): partition for partition in range(backend.keys.partitions)
        }

    async def listen(self, wake: Callable[[int], None]) -> None:
        """Call `wake(partition)` for each wake-up until cancelled. A node that is away does not silence the others.

        After every (re)connection each partition of that node is woken once, for what may have been missed.
        """
        listeners: dict[_Post, asyncio.Task[None]] = {}
        try:
            while True:
                posts, complete = self._posts()
                await _stop([listeners.pop(post) for post in listeners.keys() - posts])
                for post in posts - listeners.keys():
                    listeners[post] = asyncio.create_task(self._listen_on(*post, wake))
                await _first_ended(listeners.values(), None if complete else _RECONNECT_AFTER_S)
                listeners = {post: listener for post, listener in listeners.items() if not _has_failed(listener)}
                await asyncio.sleep(_RECONNECT_AFTER_S)
                await self._backend.find_nodes()
        finally:
            await _stop(listeners.values())

    def _posts(self) -> tuple[set[_Post], bool]:
        """Which channels to hear at which node, and whether each has one."""
        by_lane: dict[Lane, set[bytes]] = defaultdict(set)
        for channel, partition in self._partitions.items():
            try:
                by_lane[self._backend.topology.lane(self._backend.keys.prefix(partition))].add(channel)
            except exceptions.ClusterDownError:
                continue
        posts = {(lane, frozenset(channels)) for lane, channels in by_lane.items()}
        return posts, sum(len(channels) for _, channels in posts) == len(self._partitions)

    async def _listen_on(self, lane: Lane, channels: frozenset[bytes], wake: Callable[[int], None]) -> None:
        async with lane.client.pubsub() as subscription:
            for channel in channels:
                await subscription.ssubscribe(channel)  # one by one: a cluster refuses several slots in one command
            pinged = False
            while True:
                message = await subscription.get_message(timeout=_PING_AFTER_S)
                if message is None:
                    if pinged:
                        raise exceptions.TimeoutError("the node went silent")
                    await subscription.ping()
                elif message["type"] == "sunsubscribe":
                    raise exceptions.ConnectionError("a partition has moved to another node")
                elif message["type"] in ("smessage", "ssubscribe"):
                    wake(self._partitions[message["channel"]])
                pinged = message is None


async def _first_ended(listeners: Collection["asyncio.Task[None]"], timeout_s: float | None) -> None:
    if listeners:
        await asyncio.wait(listeners, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


def _has_failed(listener: "asyncio.Task[None]") -> bool:
    """Whether a listener has ended, which it does by a failure. Raises what is no failure of Redis."""
    if not listener.done():
        return False
    try:
        listener.result()
    except exceptions.RedisError as error:
        log.debug("wake-ups lost: %s", error)
    return True


async def _stop(listeners: Collection["asyncio.Task[None]"]) -> None:
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
