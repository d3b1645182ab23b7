"""What pull workers say of the tasks they hold, many at a time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broker.model.names import QueueName
from broker.store import scripts
from broker.store.backend import Backend
from broker.store.outcomes import QueueMissing
from broker.store.queues import QueueStore, new_request_id

_SETTLE = scripts.load("pull_settle", arguments="now_us queue_id holder request_id", row="task_id schedule_us lease_us")
_HOLDERS = 2**52


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to become of one leased task. The time proves the first settlement of a lease."""

    task_id: str
    schedule_us: int
    lease_us: int | None
    """How long the lease is to last from now on, 0 to end it; None to delete the task."""


def new_holder() -> int:
    """A number for a worker, which no other worker has."""
    return secrets.randbelow(_HOLDERS)


class HoldStore:
    """Leased tasks by queue."""

    def __init__(self, backend: Backend, queues: QueueStore) -> None:
        self._backend, self._queues = backend, queues

    async def settle(self, queue: QueueName, holder: int, settlements: Sequence[Settlement]) -> list[int | None]:
        """Settle at most 1,000 tasks. For each its new time (us); 0 if it is gone by now; None if another has it.

        A worker that is late is heard as long as nobody has taken the task since. A missing queue has no tasks.
        Raises StoreUnavailable; to repeat a call that raised is safe: the store knows what `holder` settled last.
        """
        partition = self._backend.keys.partition_of(queue)
        rows = [
            argument
            for each in settlements
            for argument in (each.task_id, each.schedule_us, "" if each.lease_us is None else each.lease_us)
        ]
        request_id, now_us = new_request_id(), self._backend.now_argument()

        async def attempt(queue_id: str) -> Any:
            return await self._backend.run(_SETTLE, partition, now_us, queue_id, holder, request_id, *rows)

        try:
            answer = await self._queues.with_id(queue, attempt, lambda answer: bool(answer == b"no_queue"))
        except QueueMissing:
            return [0] * len(settlements)
        return [None if time_us < 0 else int(time_us) for time_us in answer]
