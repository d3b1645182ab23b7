"""A unary call of gRPC, whichever server carries it: the bytes of the request in, the message of the answer out."""

from typing import Any

from google.protobuf.message import DecodeError

from broker.api.deadline import set_deadline
from broker.api.partial_response import Selection
from broker.api.rpcs import Rpc
from broker.api.statuses import status_message
from broker.errors import Code, HeadraceError
from broker.service.broker import Broker

MAX_REQUEST_BYTES = 12 * 1024 * 1024
"""Largest request message: a full batch of tasks (section 6)."""

FIELDS_KEY = "x-goog-fieldmask"
"""The metadata that says which fields of the answer the caller wants."""

LONGEST_MESSAGE = 2000
"""Letters of an error's text that are sent. More would not fit into a client's limit for trailers."""

DETAILS_KEY = "grpc-status-details-bin"
_LARGEST_DETAILS_BYTES = 4000


async def answer(broker: Broker, rpc: Rpc, payload: bytes, *, fields: str, remaining_s: float | None) -> Any:
    """The message that answers a request, of whose fields `fields` names those wanted; "" means all.

    `remaining_s` is how long the caller waits, None if it did not say. Raises HeadraceError.
    """
    set_deadline(remaining_s)
    selection = _selection(rpc, fields)
    message = await rpc.call(broker, lambda: _parse(rpc, payload))
    if selection:
        selection.trim(message)
    return message


def details_of(error: HeadraceError) -> bytes:
    """The error with its details as a serialized google.rpc.Status; empty if it has none, or too many to be sent."""
    details: bytes = status_message(error).SerializeToString() if error.details else b""
    return details if len(details) <= _LARGEST_DETAILS_BYTES else b""


def _selection(rpc: Rpc, fields: str) -> Selection | None:
    if not fields or rpc.response is None:
        return None
    selection = Selection(fields)
    selection.check(rpc.response.DESCRIPTOR)
    return selection


def _parse(rpc: Rpc, payload: bytes) -> Any:
    try:
        return rpc.request.FromString(payload)
    except DecodeError as error:
        name = rpc.request.DESCRIPTOR.full_name
        raise HeadraceError(Code.INVALID_ARGUMENT, f"The request is not a valid {name} message.") from error
