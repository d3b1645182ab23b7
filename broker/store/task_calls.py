"""Calls for single tasks that arrive together share a script call, if they are for the same queue."""

from collections.abc import Callable, Sequence
from typing import Any

from broker.model.names import QueueName
from broker.store.backend import Backend, arguments_of
from broker.store.batcher import Batcher
from broker.store.queues import QueueStore
from broker.store.scripts import Script

_LEAST_TURNS, _MOST_TURNS = 0, 8
"""Twice as many would spare one script call in seven more, but the node has the turns in vain."""

_Place = tuple[int, str]
"""Partition and id of the queue."""


class TaskCalls:
    """Calls of one script that can be repeated, whose rows are tasks of one queue.

    It answers a list with an item a row, or with one word that holds for all. `shared` makes what it takes between
    the queue's id and the rows; a row counts as `row_bytes`.
    """

    def __init__(
        self,
        backend: Backend,
        queues: QueueStore,
        script: Script,
        *,
        shared: Callable[[], Sequence[Any]] = tuple,
        row_bytes: int = 0,
    ) -> None:
        self._backend = backend
        self._queues = queues
        self._script = script
        self._shared = shared
        self._row_bytes = row_bytes
        self._batcher: Batcher[_Place, Sequence[Any], Any] = Batcher(
            self._send, least_turns=_LEAST_TURNS, most_turns=_MOST_TURNS
        )

    async def run(self, queue: QueueName, *row: Any) -> Any:
        """What the script answers to a row. Raises QueueMissing, StoreUnavailable."""
        partition = self._backend.keys.partition_of(queue)

        async def attempt(queue_id: str) -> Any:
            return await self._batcher.run((partition, queue_id), row, self._row_bytes)

        return await self._queues.with_id(queue, attempt, _refused)

    async def _send(self, place: _Place, rows: Sequence[Sequence[Any]]) -> list[Any]:
        partition, queue_id = place
        arguments = (self._backend.now_argument(), queue_id, *self._shared(), *arguments_of(rows))
        answers: list[Any] = await self._backend.run(self._script, partition, *arguments)
        return answers if len(answers) == len(rows) else answers * len(rows)


def _refused(answer: Any) -> bool:
    return bool(answer == b"no_queue")
