"""What an operation of the store can end with besides success. The service turns these into a caller's errors."""

from enum import StrEnum


class StoreOutcome(Exception):
    """An operation found the store in a state that does not allow it. Nothing was changed."""


class QueueMissing(StoreOutcome):
    """There is no queue of this name."""


class QueueExists(StoreOutcome):
    """A queue of this name is there already."""


class QueueNameTombstoned(StoreOutcome):
    """A queue of this name was deleted too recently."""


class TooManyQueues(StoreOutcome):
    """The location holds as many queues as it may."""


class PolicyChanged(StoreOutcome):
    """The queue's IAM policy is no longer the one that was read; `etag` is that of the present one."""

    def __init__(self, etag: bytes) -> None:
        super().__init__()
        self.etag = etag


class TaskMissing(StoreOutcome):
    """There is no such task; `tombstoned` says that there was one recently."""

    def __init__(self, *, tombstoned: bool) -> None:
        super().__init__()
        self.tombstoned = tombstoned


class TaskExists(StoreOutcome):
    """The name is taken: by a live task, or by one that is gone but `tombstoned`."""

    def __init__(self, *, tombstoned: bool) -> None:
        super().__init__()
        self.tombstoned = tombstoned


class ScheduleTooFar(StoreOutcome):
    """The task is scheduled beyond the horizon."""


class PageTokenInvalid(StoreOutcome):
    """The page token was not made by this store."""


class WrongQueueKind(StoreOutcome):
    """A pull task, or a lease, in a push queue, or the reverse."""


class QueueNotRunning(StoreOutcome):
    """The queue is paused or disabled, and the caller asked for one that is not."""


class LeaseExpired(StoreOutcome):
    """The task's schedule time is not the one that was to prove the lease, or it is past."""


class LeasesCapped(StoreOutcome):
    """The queue has taken as many lease calls within a second as it may."""


class LeaseLate(StoreOutcome):
    """The lease call could not run within its deadline."""


class Deleted(StrEnum):
    """What deleting a task, one of several, came to."""

    DELETED = "deleted"
    TOMBSTONED = "tombstoned"
    """It is gone already, but was there recently under a name that a user gave it."""
    UNKNOWN = "none"


class Added(StrEnum):
    """What adding a task, one of several, came to."""

    CREATED = "created"
    EXISTS = "exists"
    TOMBSTONED = "tombstoned"
    """A task of this name is gone, but was there recently."""
    TOO_FAR = "too_far"
    """The task is scheduled beyond the horizon."""
