"""The envelope of a call, and the errors of the transport (App Engine specification, 1.3 and 1.4)."""

from enum import IntEnum
from typing import Any

from google.protobuf.message import DecodeError

from broker.api.app_engine.messages import MESSAGES


class RpcErrorCode(IntEnum):
    """Errors of the transport that are sent. The value is the number on the wire."""

    UNKNOWN = 0
    CALL_NOT_FOUND = 1
    PARSE_ERROR = 2
    REQUEST_TOO_LARGE = 5
    DEADLINE_EXCEEDED = 12


class RpcError(Exception):
    """A call could not be made, whatever it asks for."""

    def __init__(self, code: RpcErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def parse(name: str, raw: bytes) -> Any:
    """A message of this name. Raises PARSE_ERROR, for a missing required field and for text that is not UTF-8 too."""
    message = MESSAGES[name]()
    try:
        message.ParseFromString(raw)
    except DecodeError:
        raise RpcError(RpcErrorCode.PARSE_ERROR, f"The bytes are no {name}.") from None
    if not message.IsInitialized():
        missing = ", ".join(message.FindInitializationErrors())
        raise RpcError(RpcErrorCode.PARSE_ERROR, f"{name} lacks {missing}.")
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING and isinstance(value, bytes):  # what protobuf makes of it in proto2
            raise RpcError(RpcErrorCode.PARSE_ERROR, f"{name} has text in {field.name} that is not UTF-8.")
    return message


def success(message: Any) -> bytes:
    """The answer of a call that did what it was to do. It is there even if it is empty."""
    return bytes(MESSAGES["Response"](response=message.SerializeToString()).SerializeToString())


def application_error(code: int, detail: str) -> bytes:
    """The answer of a call that its service refused."""
    response = MESSAGES["Response"]()
    response.application_error.code, response.application_error.detail = code, detail
    return bytes(response.SerializeToString())


def rpc_error(error: RpcError) -> bytes:
    """The answer of a call that could not be made."""
    response = MESSAGES["Response"]()
    response.rpc_error.code, response.rpc_error.detail = error.code, error.detail
    return bytes(response.SerializeToString())
