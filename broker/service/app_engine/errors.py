"""What a call of the App Engine API, or one task of it, can come to (App Engine specification, 2.2)."""

from enum import IntEnum

from broker.errors import Cause, Code, HeadraceError


class Result(IntEnum):
    """TaskQueueServiceError. The value is the number on the wire."""

    OK = 0
    UNKNOWN_QUEUE = 1
    TRANSIENT_ERROR = 2
    INTERNAL_ERROR = 3
    TASK_TOO_LARGE = 4
    INVALID_TASK_NAME = 5
    INVALID_QUEUE_NAME = 6
    INVALID_URL = 7
    INVALID_QUEUE_RATE = 8
    PERMISSION_DENIED = 9
    TASK_ALREADY_EXISTS = 10
    TOMBSTONED_TASK = 11
    INVALID_ETA = 12
    INVALID_REQUEST = 13
    UNKNOWN_TASK = 14
    TOMBSTONED_QUEUE = 15
    SKIPPED = 17
    TOO_MANY_TASKS = 18
    INVALID_RETRY_PARAMETERS = 20
    INVALID_QUEUE_MODE = 21
    TASK_LEASE_EXPIRED = 25
    QUEUE_PAUSED = 26
    INVALID_TAG = 27
    INVALID_DISPATCH_DEADLINE = 29
    DATASTORE_BAD_REQUEST = 10001


class TaskQueueError(HeadraceError):
    """A call, or a task of it, is refused with one of the API's own codes."""

    def __init__(self, result: Result, message: str) -> None:
        super().__init__(Code.INVALID_ARGUMENT, message)
        self.result = result


_OF_CAUSE = {
    Cause.QUEUE_MISSING: Result.UNKNOWN_QUEUE,
    Cause.QUEUE_MODE: Result.INVALID_QUEUE_MODE,
    Cause.QUEUE_PAUSED: Result.QUEUE_PAUSED,
    Cause.TASK_MISSING: Result.UNKNOWN_TASK,
    Cause.TASK_TOMBSTONED: Result.TOMBSTONED_TASK,
    Cause.TASK_EXISTS: Result.TASK_ALREADY_EXISTS,
    Cause.LEASE_EXPIRED: Result.TASK_LEASE_EXPIRED,
    Cause.LEASE_CAPPED: Result.TRANSIENT_ERROR,
    Cause.LEASE_LATE: Result.TRANSIENT_ERROR,
    Cause.LEASE_ARGUMENT: Result.INVALID_REQUEST,
    Cause.SCHEDULE_TOO_FAR: Result.INVALID_ETA,
    Cause.TASK_TOO_LARGE: Result.TASK_TOO_LARGE,
    Cause.TAG_TOO_LONG: Result.INVALID_TAG,
}
_OF_CODE = {
    Code.NOT_FOUND: Result.UNKNOWN_QUEUE,
    Code.PERMISSION_DENIED: Result.PERMISSION_DENIED,
    Code.UNAUTHENTICATED: Result.PERMISSION_DENIED,
    Code.INVALID_ARGUMENT: Result.INVALID_REQUEST,
    Code.FAILED_PRECONDITION: Result.INVALID_REQUEST,
    Code.UNAVAILABLE: Result.TRANSIENT_ERROR,
    Code.ABORTED: Result.TRANSIENT_ERROR,
    Code.RESOURCE_EXHAUSTED: Result.TRANSIENT_ERROR,
    Code.DEADLINE_EXCEEDED: Result.TRANSIENT_ERROR,
}


def result_of(error: HeadraceError) -> Result:
    """The code that an error has in this API: its own, else that of its cause, else of its canonical code."""
    if isinstance(error, TaskQueueError):
        return error.result
    by_code = _OF_CODE.get(error.code, Result.INTERNAL_ERROR)
    return by_code if error.cause is None else _OF_CAUSE.get(error.cause, by_code)
