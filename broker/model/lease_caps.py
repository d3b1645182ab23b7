"""How many lease calls a second pull queues take (App Engine task queue specification, section 3.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model.names import QueueName


@dataclass(frozen=True, slots=True)
class LeaseCaps:
    """The caps of single queues, and what a call above one is answered."""

    by_queue: Mapping[QueueName, int] = field(default_factory=dict)
    answers_empty: bool = False
    """Whether Cloud Tasks' LeaseTasks answers without tasks, as App Engine's does, instead of an error."""

    def cap(self, queue: QueueName, usual: int) -> int:
        """Lease calls a second that the queue takes, `usual` unless it has a cap of its own; 0 is any number."""
        return self.by_queue.get(queue, usual)
