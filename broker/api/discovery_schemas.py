"""Protobuf descriptors -> the JSON schemas of a discovery document."""

from collections.abc import Iterable
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

Schema = dict[str, Any]

_TEXTS = {
    "google.protobuf.Timestamp": "google-datetime",
    "google.protobuf.Duration": "google-duration",
    "google.protobuf.FieldMask": "google-fieldmask",
}
_ANYTHING = ("google.protobuf.Any", "google.protobuf.Struct")
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
}


def schemas_of(descriptors: Iterable[Any]) -> dict[str, Schema]:
    """The schemas of messages, and of the messages in them, by their names in alphabetical order."""
    schemas: dict[str, Schema] = {}
    pending = list(descriptors)
    while pending:
        descriptor = pending.pop()
        if descriptor.name in schemas or _is_plain(descriptor):
            continue
        properties = {field.json_name: property_schema(field) for field in descriptor.fields}
        schemas[descriptor.name] = {"id": descriptor.name, "type": "object", "properties": properties}
        pending += [_value_field(field).message_type for field in descriptor.fields if _value_field(field).message_type]
    return dict(sorted(schemas.items()))


def property_schema(field: Any) -> Schema:
    """The schema of a field, or of a query parameter of its kind."""
    one = _of_one(_value_field(field))
    if _value_field(field) is not field:
        return {"type": "object", "additionalProperties": one}
    schema = {"type": "array", "items": one} if field.is_repeated else one
    is_output = field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return schema | {"readOnly": True} if is_output else schema


def _value_field(field: Any) -> Any:
    """The field itself, or the one of the values if it is a map."""
    message = field.message_type
    return message.fields_by_name["value"] if message and message.GetOptions().map_entry else field


def _of_one(field: Any) -> Schema:
    if field.enum_type:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    if not field.message_type:
        return dict(_SCALARS[field.type])
    name = field.message_type.full_name
    if name in _TEXTS:
        return {"type": "string", "format": _TEXTS[name]}
    if name in _ANYTHING:
        return {"type": "object", "additionalProperties": {"type": "any"}}
    return {"$ref": field.message_type.name}


def _is_plain(descriptor: Any) -> bool:
    return descriptor.full_name in _TEXTS or descriptor.full_name in _ANYTHING
