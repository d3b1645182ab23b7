"""The google.rpc.Status that a task shows for the answer its target gave (section 5.5)."""

from google.rpc import status_pb2

from broker.errors import Code

_CODES = {
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


def attempt_status(http_status: int) -> status_pb2.Status:
    """The status of an attempt that ended with this HTTP status; 0 stands for no connection."""
    code = _CODES.get(http_status, Code.UNKNOWN)
    return status_pb2.Status(code=int(code), message=f"{code.name}({int(code)}): HTTP status code {http_status}")
