"""What an operation of the store can end with besides success. The service turns these into a caller's errors."""


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
