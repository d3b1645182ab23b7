"""How an error looks on each wire: google.rpc.Status for gRPC, the JSON envelope for REST (section 4)."""

from typing import Any

from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from broker.errors import Code, Detail, ErrorInfo, FieldViolation, HeadraceError, HelpLink

HTTP_STATUS = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""The HTTP status of each canonical code (section 4.1)."""


def status_message(error: HeadraceError) -> status_pb2.Status:
    """The error as google.rpc.Status, its details packed as Any."""
    status = status_pb2.Status(code=int(error.code), message=error.message)
    for detail in error.details:
        status.details.add().Pack(_detail_message(detail))
    return status


def envelope(error: HeadraceError, http_status: int | None = None) -> dict[str, Any]:
    """The JSON object of a REST error. `details` is there only if the error has some."""
    body: dict[str, Any] = {
        "code": http_status or HTTP_STATUS[error.code],
        "message": error.message,
        "status": error.code.name,
    }
    if error.details:
        body["details"] = json_format.MessageToDict(status_message(error))["details"]
    return {"error": body}


def _detail_message(detail: Detail) -> Any:
    if isinstance(detail, HelpLink):
        link = error_details_pb2.Help.Link(description=detail.description, url=detail.url)
        return error_details_pb2.Help(links=[link])
    if isinstance(detail, ErrorInfo):
        return error_details_pb2.ErrorInfo(reason=detail.reason, domain=detail.domain, metadata=dict(detail.metadata))
    if isinstance(detail, FieldViolation):
        violation = error_details_pb2.BadRequest.FieldViolation(field=detail.field, description=detail.description)
        return error_details_pb2.BadRequest(field_violations=[violation])
    return error_details_pb2.LocalizedMessage(locale=detail.locale, message=detail.message)
