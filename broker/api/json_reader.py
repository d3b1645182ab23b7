"""JSON -> protobuf, with the error texts of Google's REST front end (section 3.2).

The mapping is json_format's, which tests hold it against, but for what Google does otherwise: base64 is
checked, Duration "0" is accepted, and a fault is named by its path, type and value.
"""

from functools import lru_cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from broker.api.json_scalars import message_kind, read_scalar, refuse, refuse_value, shown

_DEEPEST = 100
_WELL_KNOWN = "google.protobuf."
_RULES = {
    "google.protobuf.Timestamp": "Illegal timestamp format; timestamps must end with 'Z' or have a valid "
    "timezone offset.",
    "google.protobuf.Duration": "Illegal duration format; duration must end with 's'",
}


def read_message(value: Any, message: Any, where: str = "", depth: int = 0) -> None:
    """Merges a decoded JSON object into a message. `where` is the path of the message in the request.

    Fields may be named in camel or snake case; null means unset. Raises INVALID_ARGUMENT at the first fault.
    """
    if not isinstance(value, dict) or depth > _DEEPEST:
        refuse_value(where, message_kind(message.DESCRIPTOR), value)
    fields, seen = _fields(message.DESCRIPTOR), set()
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            place = f" at '{where}'" if where else ""
            refuse(where, f"Invalid JSON payload received. Unknown name {shown(name)}{place}: Cannot find field.")
        if item is None:
            continue
        group = field.containing_oneof or field
        if group.full_name in seen:
            rule = f"oneof field '{group.name}' is already set. Cannot set '{name}'"
            refuse(where, f"Invalid value at '{where or name}' (oneof), {rule}")
        seen.add(group.full_name)
        place = field.name.removesuffix("_")  # the client library calls `type` `type_`
        read_field(item, message, field, f"{where}.{place}" if where else place, depth)


def read_field(value: Any, message: Any, field: Any, where: str, depth: int = 0) -> None:
    """Sets one field of a message from a decoded JSON value that is not null."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _read_map(value, getattr(message, field.name), field.message_type, where)
    elif field.is_repeated:
        _read_list(value, getattr(message, field.name), field, where, depth)
    elif field.message_type is not None:
        _read_submessage(value, getattr(message, field.name), where, depth)
    else:
        setattr(message, field.name, read_scalar(value, field, where))


def find_field(message: Any, name: str) -> Any | None:
    """The descriptor of a message's field by its camel or snake case name."""
    return _fields(message.DESCRIPTOR).get(name)


@lru_cache(maxsize=512)
def _fields(descriptor: Any) -> dict[str, Any]:
    return {name: field for field in descriptor.fields for name in (field.name, field.json_name)}


def _read_submessage(value: Any, message: Any, where: str, depth: int) -> None:
    message.SetInParent()
    name = message.DESCRIPTOR.full_name
    if not name.startswith(_WELL_KNOWN):
        read_message(value, message, where, depth + 1)
        return
    if name == "google.protobuf.Duration" and value == "0":
        value = "0s"
    try:
        json_format.ParseDict(value, message)
    except (json_format.ParseError, ValueError, TypeError, AttributeError):
        refuse_value(where, message_kind(message.DESCRIPTOR), value, _RULES.get(name, ""))


def _read_list(value: Any, items: Any, field: Any, where: str, depth: int) -> None:
    if not isinstance(value, list):
        refuse(where, f"Invalid value at '{where}': expected a list.")
    for index, item in enumerate(value):
        if field.message_type is None:
            items.append(read_scalar(item, field, f"{where}[{index}]"))
        else:
            _read_submessage(item, items.add(), f"{where}[{index}]", depth)


def _read_map(value: Any, entries: Any, entry_type: Any, where: str) -> None:
    """Maps from strings to scalars; the requests have no others."""
    value_field = entry_type.fields_by_name["value"]
    key_field: FieldDescriptor = entry_type.fields_by_name["key"]
    if not isinstance(value, dict):
        refuse(where, f"Invalid value at '{where}': expected an object.")
    for index, (key, item) in enumerate(value.items()):
        place = f"{where}[{index}]"
        entries[read_scalar(key, key_field, f"{place}.key")] = read_scalar(item, value_field, f"{place}.value")
