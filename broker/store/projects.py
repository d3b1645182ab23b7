"""All queues of a project: their names, and forgetting everything they hold."""

import asyncio
from dataclasses import dataclass

from broker.model.names import QueueName
from broker.store import scripts
from broker.store.backend import Backend

_RESET = scripts.load("queue_reset", arguments="now_us prefix after keep limit")
_CLEAR = scripts.load("tombstone_clear", arguments="prefix cursor limit")
_FORGET = scripts.load("operation_clear", arguments="prefix cursor limit")

_STEP_QUEUES = 100
_STEP_NAMES = 1000
_LAST = b"\xff"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a reset has done."""

    queues: int
    """Queues that were there."""
    names: int
    """Names of deleted queues that are free again."""


class ProjectStore:
    """Projects by their id. A project is nothing but the queues whose names begin with it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def queue_names(self, project: str) -> list[QueueName]:
        """The names of the project's queues, in no order. Costs a command a partition."""
        prefix = _prefix(project).encode()
        keys = [self._backend.keys.queue_names(partition) for partition in range(self._backend.keys.partitions)]
        found = await asyncio.gather(
            *(self._backend.command(key, "ZRANGE", key, b"[" + prefix, b"(" + prefix + _LAST, "BYLEX") for key in keys)
        )
        names = (QueueName.parse(name.decode()) for each in found for name in each)
        return [name for name in names if name is not None]

    async def reset(self, project: str, *, keep_queues: bool) -> Forgotten:
        """Forget the project's queues, or with `keep_queues` their tasks alone; every name is free afterwards.

        What batch calls answered is forgotten too: their request ids are free. Each queue is reset at once, the project
        is not: what others create meanwhile may stay. Attempts that run go on, and their results change nothing. The
        janitor frees the memory later.
        """
        partitions = range(self._backend.keys.partitions)
        parts = await asyncio.gather(*(self._reset(partition, project, keep_queues) for partition in partitions))
        return Forgotten(sum(part.queues for part in parts), sum(part.names for part in parts))

    async def _reset(self, partition: int, project: str, keep_queues: bool) -> Forgotten:
        run, now = self._backend.run, self._backend.now_argument()
        queues, after = 0, b""
        while True:
            count, after = await run(_RESET, partition, now, _prefix(project), after, int(keep_queues), _STEP_QUEUES)
            queues += count
            if not after:
                break
        await self._clear(_FORGET, partition, project)
        return Forgotten(queues, await self._clear(_CLEAR, partition, project))

    async def _clear(self, script: scripts.Script, partition: int, project: str) -> int:
        """Run a script that goes on from cursor to cursor; how much it has forgotten."""
        total, cursor = 0, b"0"
        while True:
            count, cursor = await self._backend.run(script, partition, _prefix(project), cursor, _STEP_NAMES)
            total += int(count)
            if cursor == b"0":
                return total


def _prefix(project: str) -> str:
    return f"projects/{project}/"
