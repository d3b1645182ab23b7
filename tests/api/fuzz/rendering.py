"""Generated values as protobuf messages, and as the JSON of REST."""

import base64
import math
from typing import Any

from google.protobuf import json_format, message_factory

from tests.api.fuzz.values import Fields


def filled(message: Any, values: Fields) -> Any:
    """The message with the values."""
    for name, value in values.items():
        field, target = message.DESCRIPTOR.fields_by_name[name], getattr(message, name)
        if _is_map(field):
            _fill_map(target, field, value)
        elif field.is_repeated and field.message_type is not None:
            for item in value:
                filled(target.add(), item)
        elif field.is_repeated:
            target.extend(value)
        elif field.message_type is not None:
            target.SetInParent()
            filled(target, value)
        else:
            setattr(message, name, value)
    return message


def as_json(descriptor: Any, values: Fields) -> dict[str, Any]:
    """The JSON object of the values. What cannot be written in JSON becomes a text that is wrong there."""
    return {
        descriptor.fields_by_name[name].json_name: _field_json(descriptor.fields_by_name[name], value)
        for name, value in values.items()
    }


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _fill_map(target: Any, field: Any, values: dict[Any, Any]) -> None:
    of_messages = field.message_type.fields_by_name["value"].message_type is not None
    for key, value in values.items():
        if of_messages:
            filled(target[key], value)
        else:
            target[key] = value


def _field_json(field: Any, value: Any) -> Any:
    if _is_map(field):
        inner = field.message_type.fields_by_name["value"]
        return {key: _single_json(inner, item) for key, item in value.items()}
    return [_single_json(field, item) for item in value] if field.is_repeated else _single_json(field, value)


def _single_json(field: Any, value: Any) -> Any:
    if field.message_type is None:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value
    if not field.message_type.full_name.startswith("google.protobuf."):
        return as_json(field.message_type, value)
    message = message_factory.GetMessageClass(field.message_type)()
    try:
        return json_format.MessageToDict(filled(message, value))
    except (ValueError, TypeError):
        return str(value)
