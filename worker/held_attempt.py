"""A claimed attempt while it is in this dispatcher's hands."""

import asyncio

from broker.store.attempts import ClaimedTask
from worker.attempt_log import AttemptLog
from worker.queue_configs import QueueConfig
from worker.sender import Sending


class HeldAttempt:
    """A claimed attempt until it is settled or given back."""

    __slots__ = (
        "claimed",
        "claimed_us",
        "config",
        "failure",
        "key",
        "lease_until_s",
        "log",
        "lost",
        "partition",
        "preparing",
        "sending",
        "sent_s",
    )

    def __init__(self, partition: int, claimed: ClaimedTask, lease_until_s: float, claimed_us: int = 0) -> None:
        """`claimed_us`: when it was claimed, Redis time."""
        self.partition = partition
        self.claimed = claimed
        self.key = claimed.key
        """Which attempt it is."""
        self.lease_until_s = lease_until_s
        """When the lease ends at the latest that this process knows of, by the event loop's clock."""
        self.claimed_us = claimed_us
        self.config: QueueConfig | None = None
        """What its queue says of it, once that is known."""
        self.preparing: asyncio.Task[None] | None = None
        """Fetches what its request takes, if that was not at hand."""
        self.sending: Sending | None = None
        """Its request, while that is under way."""
        self.sent_s = 0.0
        """When its request was begun, by `time.perf_counter`."""
        self.failure = "aborted"
        """Why it failed, as the label of a metric, once its request has ended."""
        self.log: AttemptLog | None = None
        """Where its operations are logged."""
        self.lost = False
        """Another attempt has the task: the result of this one would change nothing."""

    @property
    def is_under_way(self) -> bool:
        """Whether its request is yet to be made, or to be answered."""
        return self.sending is not None or (self.preparing is not None and not self.preparing.done())
