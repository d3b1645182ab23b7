"""One family of errors, with the canonical codes of Google's APIs (Cloud Tasks specification, section 4).

The service and the store raise them, the adapters render them; nothing below the adapters knows HTTP or gRPC.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Code(IntEnum):
    """google.rpc.Code. The value is the number on the gRPC wire."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Cause(StrEnum):
    """Why a call was refused, for protocols whose codes are finer than the canonical ones."""

    QUEUE_MISSING = "queue missing"
    QUEUE_MODE = "queue mode"
    """A push call on a pull queue, or the reverse."""
    QUEUE_PAUSED = "queue paused"
    TASK_MISSING = "task missing"
    TASK_TOMBSTONED = "task tombstoned"
    """There was a task of this name a while ago."""
    TASK_EXISTS = "task exists"
    LEASE_ARGUMENT = "lease argument"
    LEASE_EXPIRED = "lease expired"
    """It is over, or it is not the one that the caller speaks of."""
    LEASE_CAPPED = "lease capped"
    LEASE_LATE = "lease late"
    """The call could not be made within its deadline."""
    SCHEDULE_TOO_FAR = "schedule too far"
    TASK_TOO_LARGE = "task too large"
    TAG_TOO_LONG = "tag too long"


_OF_HTTP_STATUS = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.ABORTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


def code_of(http_status: int) -> Code | None:
    """The code of an attempt that ended with this HTTP status, 0 for no connection; None for success (5.5)."""
    return None if 200 <= http_status <= 299 else _OF_HTTP_STATUS.get(http_status, Code.UNKNOWN)


@dataclass(frozen=True, slots=True)
class HelpLink:
    """google.rpc.Help with one link."""

    description: str
    url: str


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """google.rpc.ErrorInfo: a reason that programs can compare."""

    reason: str
    domain: str
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LocalizedMessage:
    """google.rpc.LocalizedMessage."""

    locale: str
    message: str


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """google.rpc.BadRequest with one violation."""

    field: str
    description: str


Detail = HelpLink | ErrorInfo | LocalizedMessage | FieldViolation


class HeadraceError(Exception):
    """An error a caller is meant to see: a canonical code, one clear sentence, optional details.

    `cause` is set where a protocol tells more apart than the code does.
    """

    def __init__(self, code: Code, message: str, *details: Detail, cause: Cause | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.cause = cause


class StartupError(Exception):
    """A node cannot start as configured. The message is one line that names the remedy."""
