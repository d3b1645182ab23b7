"""One family of errors, with the canonical codes of Google's APIs (Cloud Tasks specification, section 4).

The service and the store raise them, the adapters render them; nothing below the adapters knows HTTP or gRPC.
"""

from dataclasses import dataclass
from enum import IntEnum


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
    """An error a caller is meant to see: a canonical code, one clear sentence, optional details."""

    def __init__(self, code: Code, message: str, *details: Detail) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class StartupError(Exception):
    """A node cannot start as configured. The message is one line that names the remedy."""
