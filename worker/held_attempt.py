"""A claimed attempt while it is in this dispatcher's hands."""

import asyncio
from dataclasses import dataclass

from broker.store.attempts import AttemptKey, ClaimedTask
from worker.attempt_log import AttemptLog
from worker.queue_configs import QueueConfig
from worker.sender import Sending


@dataclass(slots=True, eq=False)
class HeldAttempt:
    """A claimed attempt until it is settled or given back."""

    partition: int
    claimed: ClaimedTask
    lease_until_s: float
    """When the lease ends at the latest that this process knows of, by the event loop's clock."""
    claimed_us: int = 0
    """When it was claimed: Redis time."""
    config: QueueConfig | None = None
    """What its queue says of it, once that is known."""
    preparing: "asyncio.Task[None] | None" = None
    """Fetches what its request takes, if that was not at hand."""
    sending: Sending | None = None
    """Its request, while that is under way."""
    sent_s: float = 0.0
    """When its request was begun, by `time.perf_counter`."""
    failure: str = "aborted"
    """Why it failed, as the label of a metric, once its request has ended."""
    log: AttemptLog | None = None
    """Where its operations are logged."""
    lost: bool = False
    """Another attempt has the task: the result of this one would change nothing."""

    @property
    def key(self) -> AttemptKey:
        """Which attempt it is."""
        return self.claimed.key

    @property
    def is_under_way(self) -> bool:
        """Whether its request is yet to be made, or to be answered."""
        return self.sending is not None or (self.preparing is not None and not self.preparing.done())
