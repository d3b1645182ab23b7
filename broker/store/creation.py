"""Creates that arrive together share a script call, whatever queues of a partition they are for."""

from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple

from broker.store import scripts
from broker.store.backend import Backend, arguments_of
from broker.store.batcher import Batcher

_CREATE = scripts.load(
    "task_create",
    arguments="now_us horizon_us",
    row="queue_id task_id keeps_past draft",
)
_LEAST_TURNS, _MOST_TURNS = 1, 64
"""The creates of a batch come in the same turn, and are to share their first call too."""

Row = Sequence[Any]
_Place = tuple[int, int]
"""Partition and horizon (us)."""


class Created(NamedTuple):
    """What became of one task: the script's code, and the times it was given (us)."""

    code: str
    create_us: int
    schedule_us: int
    sampling_ratio: float = 0.0
    """That of the queue; 0 if Redis did not answer."""


class CreationBatcher:
    """Sends rows for `task_create`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._batcher: Batcher[_Place, Row, Created] = Batcher(
            self._send, least_turns=_LEAST_TURNS, most_turns=_MOST_TURNS
        )

    def create(self, partition: int, row: Row, *, horizon_us: int) -> Awaitable[Created]:
        """Add one task. Awaiting it raises StoreUnavailable if it is not known whether it was added, StoreFull."""
        *_, draft = row
        return self._batcher.run((partition, horizon_us), row, len(draft))

    async def _send(self, place: _Place, rows: Sequence[Row]) -> list[Created]:
        partition, horizon_us = place
        flat = await self._backend.run(
            _CREATE, partition, self._backend.now_argument(), horizon_us, *arguments_of(rows), repeatable=False
        )
        columns = (flat[column::4] for column in range(4))
        return [
            Created(code.decode(), int(create_us), int(schedule_us), float(ratio))
            for code, create_us, schedule_us, ratio in zip(*columns, strict=True)
        ]
