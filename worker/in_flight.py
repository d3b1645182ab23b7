"""What this dispatcher has in its hands, and how much more it may take."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from broker.store.attempts import AttemptKey, ClaimedTask

_SHARE_OF_FREE = 7


@dataclass(slots=True, eq=False)
class HeldAttempt:
    """A claimed attempt until it is settled or given back."""

    partition: int
    claimed: ClaimedTask
    lease_until_s: float
    """When the lease ends at the latest that this process knows of, by the event loop's clock."""
    delivery: "asyncio.Task[None] | None" = None
    lost: bool = False
    """Another attempt has the task: the result of this one would change nothing."""

    @property
    def key(self) -> AttemptKey:
        """Which attempt it is."""
        return self.claimed.key


@dataclass(slots=True)
class InFlight:
    """The attempts in hand. `capacity` bounds them, with the tasks that claims under way may still bring."""

    capacity: int
    held: dict[tuple[int, AttemptKey], HeldAttempt] = field(default_factory=dict)
    _by_queue: Counter[tuple[int, str]] = field(default_factory=Counter)
    _reserved: int = 0

    @property
    def free(self) -> int:
        """How many more tasks may be claimed."""
        return self.capacity - len(self.held) - self._reserved

    def reserve(self, parts: int) -> int:
        """Room for one claim, when `parts` partitions want one: at most half of what is free, so that some stays."""
        room = max(1, self.free // (2 * parts)) if self.free > 0 else 0
        self._reserved += room
        return room

    def unreserve(self, room: int) -> None:
        """The claim that had reserved room is over."""
        self._reserved -= room

    def crowded_queues(self, partition: int) -> list[str]:
        """Queues of a partition that may not have more for now.

        A queue may hold seven times what is free: alone seven eighths of the capacity, and less the more others
        hold, so that a newcomer always finds room beside a queue whose target does not answer.
        """
        most = _SHARE_OF_FREE * max(0, self.free)
        return [queue for (where, queue), held in self._by_queue.items() if where == partition and held >= most]

    def add(self, attempt: HeldAttempt) -> None:
        """An attempt was claimed."""
        self.held[attempt.partition, attempt.key] = attempt
        self._by_queue[attempt.partition, attempt.key.queue_id] += 1

    def remove(self, attempt: HeldAttempt) -> None:
        """An attempt is settled or given back."""
        if self.held.pop((attempt.partition, attempt.key), None):
            queue = attempt.partition, attempt.key.queue_id
            self._by_queue[queue] -= 1
            if not self._by_queue[queue]:
                del self._by_queue[queue]
