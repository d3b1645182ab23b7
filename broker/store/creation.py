"""Creates that arrive together share a script call: one batch a partition at a time, the next one gathers meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from broker.store import scripts
from broker.store.backend import Backend, arguments_of

_CREATE = scripts.load(
    "task_create",
    arguments="now_us horizon_us",
    row="queue_id task_id keeps_past draft",
)
_ENOUGH_TASKS, _MOST_TASKS = 32, 100
_MOST_BYTES = 1 << 20
_MOST_TURNS = 64

Row = Sequence[Any]


class Created(NamedTuple):
    """What became of one task: the script's code, and the times it was given (us)."""

    code: str
    create_us: int
    schedule_us: int
    sampling_ratio: float = 0.0
    """That of the queue; 0 if Redis did not answer."""


@dataclass(slots=True)
class _Waiting:
    row: Row
    horizon_us: int
    size_bytes: int
    answer: "asyncio.Future[Created]"


class CreationBatcher:
    """Sends rows for `task_create`, in batches of at most 100 tasks and 1 MiB.

    32 are enough unless 100 wait: while Redis works on them the node answers others and reads on, instead of waiting.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiting: dict[int, list[_Waiting]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._patience_turns = 1

    def create(self, partition: int, row: Row, *, horizon_us: int) -> "asyncio.Future[Created]":
        """Add one task. Awaiting it raises StoreUnavailable if it is not known whether it was added, StoreFull."""
        *_, draft = row
        waiting = _Waiting(row, horizon_us, len(draft), asyncio.get_running_loop().create_future())
        self._waiting.setdefault(partition, []).append(waiting)
        if partition not in self._running:
            self._running[partition] = asyncio.create_task(self._drain(partition))
        return waiting.answer

    async def _drain(self, partition: int) -> None:
        while self._waiting.get(partition):
            await self._gather(partition)
            batch = self._next_batch(partition)
            self._patience_turns = _MOST_TURNS if len(batch) > 1 else max(1, self._patience_turns - 1)
            await self._send(partition, batch)
        del self._running[partition]

    async def _gather(self, partition: int) -> None:
        """Lets the creates of the same moment join: waits for as long as some turns of the event loop bring another.

        gRPC brings calls one by one, and needs several turns for each, so that without this most creates would be round
        trips of their own, which take twice the time. A turn in vain costs two microseconds, so creates that come
        alone wait less and less.
        """
        joined = 0
        while joined < len(self._waiting[partition]) < _ENOUGH_TASKS:
            joined = len(self._waiting[partition])
            for _ in range(self._patience_turns):
                await asyncio.sleep(0)
                if len(self._waiting[partition]) > joined:
                    break

    def _next_batch(self, partition: int) -> list[_Waiting]:
        """Take what fits; one horizon a batch. An empty partition leaves no trace."""
        queue = self._waiting.get(partition, [])
        size, count = 0, 0
        most = _MOST_TASKS if len(queue) >= _MOST_TASKS else min(len(queue), _ENOUGH_TASKS)
        while count < most and queue[count].horizon_us == queue[0].horizon_us:
            size += queue[count].size_bytes
            if count and size > _MOST_BYTES:
                break
            count += 1
        batch, rest = queue[:count], queue[count:]
        if rest:
            self._waiting[partition] = rest
        else:
            self._waiting.pop(partition, None)
        return batch

    async def _send(self, partition: int, batch: list[_Waiting]) -> None:
        arguments = arguments_of([waiting.row for waiting in batch])
        try:
            flat = await self._backend.run(
                _CREATE,
                partition,
                self._backend.now_argument(),
                batch[0].horizon_us,
                *arguments,
                repeatable=False,
            )
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        columns = (flat[column::4] for column in range(4))
        for waiting, code, create_us, schedule_us, ratio in zip(batch, *columns, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(Created(code.decode(), int(create_us), int(schedule_us), float(ratio)))
