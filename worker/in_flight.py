"""What this dispatcher has in its hands, and how much more it may take."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from worker.held_attempt import HeldAttempt

_SHARE_OF_FREE = 7
_WORTH_A_CALL = 32
"""A claim costs as much as some thirty tasks before its first one."""
_PART_OF_FREE = 16


@dataclass(slots=True)
class InFlight:
    """The attempts in hand. `capacity` bounds them, with the tasks that claims under way may still bring.

    A large task counts as several, so that the capacity bounds the memory that tasks take, too.
    """

    capacity: int
    held: set[HeldAttempt] = field(default_factory=set)
    used: int = 0
    """As how many the attempts in hand count."""
    _by_queue: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """As how many attempts count, by partition and queue."""
    _reserved: int = 0

    @property
    def free(self) -> int:
        """How many more tasks may be claimed."""
        return self.capacity - self.used - self._reserved

    @property
    def is_full(self) -> bool:
        """Whether attempts alone take up the capacity, so that no claim can be made."""
        return self.used >= self.capacity

    def reserve(self, parts: int, most: int) -> int:
        """Room for one claim of at most `most` tasks, when `parts` partitions want one; 0 if there is none.

        No claim gets more than half of what is free, so that some stays. Where an equal part of that would not be worth
        a call, as with many partitions, a claim gets more while much is free, and those after it less.
        """
        free = self.free
        room = min(most, max(free // (2 * parts), min(free // _PART_OF_FREE, _WORTH_A_CALL), 1)) if free > 0 else 0
        self._reserved += room
        return room

    def unreserve(self, room: int) -> None:
        """The claim that had reserved room is over."""
        self._reserved -= room

    def is_crowded(self, partition: int, queue_id: str) -> bool:
        """Whether a queue may not have more for now.

        A queue may hold seven times what is free: alone seven eighths of the capacity, and less the more others
        hold, so that a newcomer always finds room beside a queue whose target does not answer.
        """
        return self._by_queue[partition][queue_id] >= _SHARE_OF_FREE * max(0, self.free)

    def crowded_queues(self, partition: int) -> list[str]:
        """Queues of a partition that may not have more for now."""
        return [queue_id for queue_id in self._by_queue[partition] if self.is_crowded(partition, queue_id)]

    def add(self, attempt: HeldAttempt) -> None:
        """An attempt was claimed."""
        slots = attempt.claimed.slots
        self.held.add(attempt)
        self.used += slots
        self._by_queue[attempt.partition][attempt.key.queue_id] += slots

    def remove(self, attempt: HeldAttempt) -> None:
        """An attempt is settled or given back."""
        if attempt in self.held:
            self.held.discard(attempt)
            queues, queue_id, slots = self._by_queue[attempt.partition], attempt.key.queue_id, attempt.claimed.slots
            self.used -= slots
            queues[queue_id] -= slots
            if not queues[queue_id]:
                del queues[queue_id]
