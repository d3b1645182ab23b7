"""Queues in the store: configuration, state, purge, deletion, lists."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from broker.errors import Code, HeadraceError
from broker.model.names import LocationName, QueueName
from broker.model.queue import Queue, QueueState, QueueStats
from broker.store import scripts
from broker.store.backend import Backend
from broker.store.outcomes import QueueExists, QueueMissing, QueueNameTombstoned, TooManyQueues
from broker.store.queue_fields import StoredQueue, from_fields, from_flat, to_fields

_CREATE = scripts.load("queue_create", arguments="now_us name request", row="field value")
_GET = scripts.load("queue_get", arguments="name")
_UPDATE = scripts.load("queue_update", arguments="now_us name request version", row="field value")
_SET_STATE = scripts.load("queue_set_state", arguments="now_us name state")
_PURGE = scripts.load("queue_purge", arguments="now_us name request")
_DELETE = scripts.load("queue_delete", arguments="now_us name request tombstone_us")
_DEPTHS = scripts.load("queue_depths", arguments="now_us limit")
_STATS = scripts.load("queue_stats", arguments="now_us name")

_UPDATE_TRIES = 20
_MOST_DEPTHS = 1000
_MOST_IDS = 20_000
_LAST = b"\xff"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How full a queue is."""

    name: QueueName
    tasks: int
    in_flight: int
    rate: float
    """Dispatches a second in force: less than configured while the target is overloaded."""
    overdue_us: int = 0
    """How long the queue could have dispatched (a task due, a token and a slot free) without a claim serving it."""


def new_request_id() -> bytes:
    """Eight bytes that identify one request, so that its repetition is recognised."""
    return secrets.token_bytes(8)


class QueueStore:
    """Queues by name. Each operation is one script in the queue's partition, and atomic."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._keys = backend.keys
        self._ids: dict[QueueName, str] = {}
        self._sampling_ratios: dict[QueueName, float] = {}
        """Of the queues whose operations are to be logged."""

    async def create(self, queue: Queue, *, max_queues: int) -> Queue:
        """Add a queue. Raises QueueExists, QueueNameTombstoned, TooManyQueues.

        The number of queues is counted before, over all partitions: creations at the same moment may pass it together.
        """
        if await self.count(queue.name.parent) >= max_queues:
            raise TooManyQueues
        fields = ["state", queue.state.value, *to_fields(queue)]
        answer = await self._run(_CREATE, queue.name, self._now, str(queue.name), new_request_id(), *fields)
        if answer == b"exists":
            raise QueueExists
        if answer == b"tombstoned":
            raise QueueNameTombstoned
        return queue

    async def get(self, name: QueueName) -> Queue:
        """The queue. Raises QueueMissing."""
        return (await self.find(name)).queue

    async def find(self, name: QueueName) -> StoredQueue:
        """The queue with its id and version. Raises QueueMissing."""
        return self._found(name, await self._run(_GET, name, str(name)))

    async def by_id(self, partition: int, queue_id: str) -> StoredQueue | None:
        """The queue of this id, or None if it was deleted."""
        key = self._keys.config(partition, queue_id)
        fields = await self._backend.command(key, "HGETALL", key)
        return from_fields(queue_id, fields) if fields else None

    async def update(self, name: QueueName, change: Callable[[Queue], Queue]) -> Queue:
        """Replace a queue's configuration by what `change` makes of the present one; `change` may run again.

        Raises QueueMissing, or ABORTED when others change the queue all the time.
        """
        for _ in range(_UPDATE_TRIES):
            before = await self.find(name)
            after = change(before.queue)
            answer = await self._run(
                _UPDATE, name, self._now, str(name), new_request_id(), before.version, *to_fields(after)
            )
            if answer == b"updated":
                return after
            if answer == b"missing":
                raise QueueMissing
        raise HeadraceError(Code.ABORTED, "The queue is being changed by others, try again.")

    async def set_state(self, name: QueueName, state: QueueState) -> Queue:
        """Pause, resume or disable a queue; a DISABLED one stays so until it is resumed. Raises QueueMissing."""
        return self._found(name, await self._run(_SET_STATE, name, self._now, str(name), state.value)).queue

    async def purge(self, name: QueueName) -> Queue:
        """Delete every task created before now. Raises QueueMissing."""
        return self._found(name, await self._run(_PURGE, name, self._now, str(name), new_request_id())).queue

    async def delete(self, name: QueueName, *, tombstone_us: int) -> None:
        """Delete a queue and its tasks; its name stays taken for `tombstone_us`. Raises QueueMissing."""
        self._ids.pop(name, None)
        answer = await self._run(_DELETE, name, self._now, str(name), new_request_id(), tombstone_us)
        if answer == b"missing":
            raise QueueMissing

    async def is_tombstoned(self, name: QueueName) -> bool:
        """Whether the name belonged to a queue that was deleted lately."""
        key = self._keys.queue_tombstone(self._keys.partition_of(name), name)
        return bool(await self._backend.command(key, "EXISTS", key))

    async def page(self, parent: LocationName, *, page_size: int, after: str) -> tuple[list[Queue], str]:
        """At most `page_size` queues of a location by name, from the first full name greater than `after`.

        An `after` of another location starts at the beginning. Also answers the `after` of the next page, empty at the
        end. Costs a command a partition and a script a queue.
        """
        prefix = f"{parent}/queues/".encode()
        start = b"(" + after.encode() if after.encode().startswith(prefix) else b"[" + prefix
        command = (start, b"(" + prefix + _LAST, "BYLEX", "LIMIT", 0, page_size + 1)
        per_partition = await self._of_each_partition("ZRANGE", *command)
        names = sorted(name.decode() for found in per_partition for name in found)
        page = names[:page_size]
        queues = await asyncio.gather(*(self._get_if_there(name) for name in page))
        return [queue for queue in queues if queue], page[-1] if len(names) > page_size else ""

    async def count(self, parent: LocationName) -> int:
        """How many queues a location holds."""
        prefix = f"{parent}/queues/".encode()
        return sum(await self._of_each_partition("ZLEXCOUNT", b"[" + prefix, b"(" + prefix + _LAST))

    async def depths(self, *, limit: int) -> list[QueueDepth]:
        """How full the queues are: at most `limit` of them, and at most 1,000 a partition."""
        answers = await asyncio.gather(
            *(
                self._backend.run(_DEPTHS, partition, self._now, min(limit, _MOST_DEPTHS))
                for partition in range(self._keys.partitions)
            )
        )
        depths = [
            QueueDepth(name, tasks, in_flight, float(rate), overdue_us)
            for flat in answers
            for text, tasks, in_flight, rate, overdue_us in zip(*(flat[part::5] for part in range(5)), strict=True)
            if (name := QueueName.parse(text.decode()))
        ]
        return sorted(depths, key=lambda depth: str(depth.name))[:limit]

    async def stats(self, name: QueueName) -> QueueStats | None:
        """How full and how fast a queue is; None if it is missing."""
        answer = await self._run(_STATS, name, self._now, str(name))
        if not answer:
            return None
        tasks, next_us, in_flight, rate, *executed = answer
        return QueueStats(tasks, int(next_us) if next_us else None, in_flight, float(rate), *executed)

    async def id_of(self, name: QueueName) -> str:
        """The queue's short id, remembered. Scripts notice when it is out of date. Raises QueueMissing."""
        return self._ids.get(name) or (await self.find(name)).id

    def sampling_ratio(self, name: QueueName) -> float:
        """The share of the queue's tasks that are logged, as last read; each creation of a task reads it."""
        return self._sampling_ratios.get(name, 0.0)

    def note_sampling_ratio(self, name: QueueName, ratio: float) -> None:
        """A script has told it."""
        if ratio:
            if len(self._sampling_ratios) >= _MOST_IDS:
                self._sampling_ratios.clear()
            self._sampling_ratios[name] = ratio
        else:
            self._sampling_ratios.pop(name, None)

    def forget_id(self, name: QueueName) -> None:
        """The remembered id was refused by a script."""
        self._ids.pop(name, None)

    async def with_id(
        self, name: QueueName, attempt: Callable[[str], Awaitable[Answer]], refused: Callable[[Answer], bool]
    ) -> Answer:
        """Try with the remembered id; if the queue was deleted or re-created since, once more with the present one.

        `refused` says whether an answer was given for want of such a queue. Raises QueueMissing.
        """
        for _ in range(2):
            answer = await attempt(await self.id_of(name))
            if not refused(answer):
                return answer
            self.forget_id(name)
        raise QueueMissing

    def _found(self, name: QueueName, answer: list[Any]) -> StoredQueue:
        if not answer:
            self.forget_id(name)
            raise QueueMissing
        found = from_flat(answer)
        if len(self._ids) >= _MOST_IDS:
            self._ids.clear()
        self._ids[name] = found.id
        self.note_sampling_ratio(name, found.queue.sampling_ratio)
        return found

    async def _get_if_there(self, name: str) -> Queue | None:
        parsed = QueueName.parse(name)
        try:
            return await self.get(parsed) if parsed else None
        except QueueMissing:
            return None

    async def _of_each_partition(self, verb: str, *arguments: Any) -> list[Any]:
        keys = [self._keys.queue_names(partition) for partition in range(self._keys.partitions)]
        return await asyncio.gather(*(self._backend.command(key, verb, key, *arguments) for key in keys))

    async def _run(self, script: scripts.Script, name: QueueName, *arguments: Any) -> Any:
        return await self._backend.run(script, self._keys.partition_of(name), *arguments)

    @property
    def _now(self) -> int:
        return self._backend.now_argument()
