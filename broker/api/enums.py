"""Enums on the wire -> the model's. Their numbers are the same in all versions of the API."""

from collections.abc import Mapping
from typing import Any, TypeVar

from google.cloud.tasks_v2 import types

from broker.api.json_scalars import message_kind
from broker.errors import Code, HeadraceError
from broker.model.task import HttpMethod, View

Value = TypeVar("Value")

METHODS: Mapping[int, HttpMethod | None] = {0: None} | {
    int(getattr(types.HttpMethod, method.value)): method for method in HttpMethod
}
_VIEWS = {0: View.BASIC, 1: View.BASIC, 2: View.FULL}


def read_enum(message: Any, field: str, values: Mapping[int, Value], where: str) -> Value:
    """What a message's field stands for. `where` is the path named in the error for a number that `values` lacks."""
    number = getattr(message, field)
    if number not in values:
        kind = message_kind(message.DESCRIPTOR.fields_by_name[field].enum_type)
        raise HeadraceError(Code.INVALID_ARGUMENT, f"Invalid value at '{where}' ({kind}), {number}")
    return values[number]


def read_view(request: Any) -> View:
    """How much of tasks a request asks for; BASIC if it does not say."""
    return read_enum(request, "response_view", _VIEWS, "response_view")
