"""How an error looks in the legacy REST API: its status, its one-word reason, its envelope (5.4)."""

from typing import Any

from broker.errors import Cause, Code, ErrorInfo, HeadraceError

_DOMAIN = "global"
_REASONS = {
    Code.INVALID_ARGUMENT: (400, "invalid"),
    Code.FAILED_PRECONDITION: (400, "invalid"),
    Code.OUT_OF_RANGE: (400, "invalid"),
    Code.ALREADY_EXISTS: (400, "invalid"),
    Code.UNAUTHENTICATED: (401, "required"),
    Code.PERMISSION_DENIED: (403, "forbidden"),
    Code.NOT_FOUND: (404, "notFound"),
    Code.UNIMPLEMENTED: (405, "invalid"),
    Code.INTERNAL: (500, "backendError"),
}
_ITEM_EXISTS = "task name is invalid: item exists"
_TEXTS = {
    Cause.LEASE_EXPIRED: "The task lease has expired",
    Cause.TASK_EXISTS: _ITEM_EXISTS,
    Cause.TASK_TOMBSTONED: _ITEM_EXISTS,
}
"""What workers of this API know as the text of an error with status 400."""

_TRANSIENT = (503, "backendError")
"""What everything else means: try again later."""


def invalid(message: str) -> HeadraceError:
    """An argument with a value that is not allowed."""
    return HeadraceError(Code.INVALID_ARGUMENT, message)


def required(name: str) -> HeadraceError:
    """A parameter, or a field of the body, that is missing."""
    return HeadraceError(Code.INVALID_ARGUMENT, f"Required parameter: {name}", ErrorInfo("required", _DOMAIN))


def http_status(error: HeadraceError) -> int:
    """The status of the answer."""
    return _REASONS.get(error.code, _TRANSIENT)[0]


def envelope(error: HeadraceError) -> dict[str, Any]:
    """The body of the answer."""
    status, reason = _REASONS.get(error.code, _TRANSIENT)
    message = _TEXTS.get(error.cause, error.message) if error.cause and status == 400 else error.message
    for detail in error.details:
        if isinstance(detail, ErrorInfo) and detail.domain == _DOMAIN:
            reason = detail.reason
    fault = {"domain": _DOMAIN, "reason": reason, "message": message}
    return {"error": {"errors": [fault], "code": status, "message": message}}
