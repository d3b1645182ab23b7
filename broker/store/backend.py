"""Running scripts and commands where their keys live, and saying in a caller's terms what went wrong."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from redis import exceptions

from broker.errors import Code, HeadraceError
from broker.store.keys import Keyspace
from broker.store.scripts import Script
from broker.store.server_clock import ServerClock
from broker.store.topology import Topology

log = logging.getLogger(__name__)

_REPEAT_FOR_S = 2.0
_REPEAT_EVERY_S = 0.05

_ELSEWHERE = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.MovedError,
    exceptions.ClusterDownError,
    exceptions.ReadOnlyError,
)
"""After these, another node may have the partition."""
_REFUSED = (
    exceptions.BusyLoadingError,
    exceptions.MovedError,
    exceptions.AskError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
    exceptions.MasterDownError,
    exceptions.ReadOnlyError,
)
"""After these, the script has not run: sending it again is no repetition."""
_AWAY = (*_ELSEWHERE, *_REFUSED)
_AWAY_WORDS = (
    "MISCONF",
    "NOREPLICAS",
    "script tried accessing a non local key",
    "script executed against a non local",
)


class StoreUnavailable(HeadraceError):
    """Redis did not answer, or could not. Whether the operation took place is not known."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(Code.UNAVAILABLE, "The store is not available, try again.")
        log.debug("the store is not available: %s", cause)


class StoreFull(HeadraceError):
    """Redis is at its memory limit. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            Code.RESOURCE_EXHAUSTED,
            "The store is full (Redis maxmemory): drain or purge queues, or give it more.",
        )


class Backend:
    """The store's one door to Redis. `clock` replaces the server's time in tests (us)."""

    def __init__(self, topology: Topology, keyspace: Keyspace, clock: Callable[[], int] | None = None) -> None:
        self.topology = topology
        self.keys = keyspace
        self._clock = clock
        self._server_clocks: dict[int, ServerClock] = {}

    def now_argument(self) -> int:
        """The `now_us` argument of scripts: 0 lets the server read its clock."""
        return self._clock() if self._clock else 0

    async def run(
        self,
        script: Script,
        partition: int,
        *arguments: Any,
        repeatable: bool = True,
        repeat_for_s: float = _REPEAT_FOR_S,
    ) -> Any:
        """Run a script on a partition's slot.

        A `repeatable` one is sent again for a while when the outcome is not known; callers give mutations a
        request id, so that the second run answers as the first. Raises StoreUnavailable or StoreFull.
        """
        key = self.keys.prefix(partition)
        return await self._call(
            lambda: self.topology.lane(key).script(script, key, arguments), repeatable, repeat_for_s
        )

    async def run_on(self, script: Script, key: str, *arguments: Any) -> Any:
        """Run a repeatable script on the slot of one key."""
        return await self._call(lambda: self.topology.lane(key).script(script, key, arguments), True)

    async def command(self, key: str, *command: Any) -> Any:
        """Run one command that is safe to repeat, on the slot of `key`."""
        return await self._call(lambda: self.topology.lane(key).command(*command), True)

    async def time_us(self) -> int:
        """The time all nodes go by: that of Redis (or of the test)."""
        if self._clock:
            return self._clock()
        seconds, microseconds = await self.command(self.keys.meta, "TIME")
        return int(seconds) * 1_000_000 + int(microseconds)

    async def find_nodes(self) -> None:
        """Learn anew which node holds what; if nobody tells, what was known holds."""
        try:
            await self.topology.refresh()
        except exceptions.RedisError as error:
            log.debug("no node tells where partitions are: %s", error)

    async def server_time_us(self, partition: int, loop_s: float) -> int:
        """What the time will be, at the server that has a partition, when it is `loop_s` by the event loop's clock.

        Estimated from what `heard_time` was told; if it is not known the server is asked.
        """
        if self._clock:
            return self._clock() + round((loop_s - asyncio.get_running_loop().time()) * 1e6)
        if partition not in self._server_clocks:
            prefix = self.keys.prefix(partition)
            seconds, microseconds = await self.command(prefix, "TIME")
            self.heard_time(partition, int(seconds) * 1_000_000 + int(microseconds))
        return self._server_clocks[partition].at_us(loop_s)

    def heard_time(self, partition: int, now_us: int) -> None:
        """An answer from the server that has a partition said what time it was."""
        loop_s = asyncio.get_running_loop().time()
        self._server_clocks.setdefault(partition, ServerClock()).hear(now_us, loop_s)

    async def _call(self, send: Callable[[], Any], repeatable: bool, repeat_for_s: float = _REPEAT_FOR_S) -> Any:
        deadline = asyncio.get_running_loop().time() + repeat_for_s
        while True:
            try:
                return await send()
            except exceptions.OutOfMemoryError as error:
                raise StoreFull from error
            except exceptions.RedisError as error:
                if not _is_away(error):
                    raise
                if isinstance(error, _ELSEWHERE):
                    await self.find_nodes()
                late = asyncio.get_running_loop().time() >= deadline
                if late or not (repeatable or isinstance(error, _REFUSED)):
                    raise StoreUnavailable(error) from error
            await asyncio.sleep(_REPEAT_EVERY_S)


def arguments_of(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Rows as the flat arguments of a script."""
    return [value for row in rows for value in row]


def _is_away(error: exceptions.RedisError) -> bool:
    return isinstance(error, _AWAY) or any(word in str(error) for word in _AWAY_WORDS)
