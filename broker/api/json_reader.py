"""JSON -> protobuf, with the error texts of Google's REST front end (section 3.2).

The mapping is json_format's, which tests hold it against, but for what Google does otherwise: base64 is
checked, Duration "0" is accepted, and a fault is named by its path, type and value.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from google.protobuf import json_format

from broker.api.json_scalars import message_kind, refuse, refuse_value, scalar_reader, shown

_DEEPEST = 100
_WELL_KNOWN = "google.protobuf."
_RULES = {
    "google.protobuf.Timestamp": "Illegal timestamp format; timestamps must end with 'Z' or have a valid "
    "timezone offset.",
    "google.protobuf.Duration": "Illegal duration format; duration must end with 's'",
}

Read = Callable[[Any, Any, str, int], None]
"""Puts a decoded JSON value that is not null into a message: value, message, path in the request, depth."""


class _Field(NamedTuple):
    """What there is to know of a field, worked out once: requests are read by the thousand a second."""

    descriptor: Any
    place: str
    """What its path ends with; the client library calls `type` `type_`."""
    group: Any
    """The oneof that it belongs to, else itself: only one value may be given for it."""
    read: Read


def read_message(value: Any, message: Any, where: str = "", depth: int = 0) -> None:
    """Merges a decoded JSON object into a message. `where` is the path of the message in the request.

    Fields may be named in camel or snake case; null means unset. Raises INVALID_ARGUMENT at the first fault.
    """
    if not isinstance(value, dict) or depth > _DEEPEST:
        refuse_value(where, message_kind(message.DESCRIPTOR), value)
    fields, seen = _fields(message.DESCRIPTOR), set()
    prefix = f"{where}." if where else ""
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            at = f" at '{where}'" if where else ""
            refuse(where, f"Invalid JSON payload received. Unknown name {shown(name)}{at}: Cannot find field.")
        if item is None:
            continue
        _, place, group, read = field
        if group in seen:
            rule = f"oneof field '{group.name}' is already set. Cannot set '{name}'"
            refuse(where, f"Invalid value at '{where or name}' (oneof), {rule}")
        seen.add(group)
        read(item, message, prefix + place, depth)


def read_field(value: Any, message: Any, field: Any, where: str) -> None:
    """Sets one field of a message from a decoded JSON value that is not null."""
    _fields(message.DESCRIPTOR)[field.name].read(value, message, where, 0)


def find_field(message: Any, name: str) -> Any | None:
    """The descriptor of a message's field by its camel or snake case name."""
    field = _fields(message.DESCRIPTOR).get(name)
    return field and field.descriptor


@lru_cache(maxsize=512)
def _fields(descriptor: Any) -> dict[str, _Field]:
    fields = (
        _Field(field, field.name.removesuffix("_"), field.containing_oneof or field, _reader(field))
        for field in descriptor.fields
    )
    return {name: field for field in fields for name in (field.descriptor.name, field.descriptor.json_name)}


def _reader(field: Any) -> Read:
    kind, attribute = field.message_type, field.name
    if kind is not None and kind.GetOptions().map_entry:
        return lambda value, message, where, _: _read_map(value, getattr(message, attribute), kind, where)
    if field.is_repeated:
        return lambda value, message, where, depth: _read_list(value, getattr(message, attribute), field, where, depth)
    if kind is None:
        read_scalar = scalar_reader(field)
        return lambda value, message, where, _: setattr(message, attribute, read_scalar(value, where))
    read = _read_well_known if kind.full_name.startswith(_WELL_KNOWN) else _read_submessage
    return lambda value, message, where, depth: read(value, getattr(message, attribute), where, depth)


def _read_submessage(value: Any, message: Any, where: str, depth: int) -> None:
    message.SetInParent()
    read_message(value, message, where, depth + 1)


def _read_well_known(value: Any, message: Any, where: str, _: int) -> None:
    message.SetInParent()
    name = message.DESCRIPTOR.full_name
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
            items.append(scalar_reader(field)(item, f"{where}[{index}]"))
        elif field.message_type.full_name.startswith(_WELL_KNOWN):
            _read_well_known(item, items.add(), f"{where}[{index}]", depth)
        else:
            _read_submessage(item, items.add(), f"{where}[{index}]", depth)


def _read_map(value: Any, entries: Any, entry_type: Any, where: str) -> None:
    """Maps from strings to scalars; the requests have no others."""
    read_key, read_item = (scalar_reader(entry_type.fields_by_name[name]) for name in ("key", "value"))
    if not isinstance(value, dict):
        refuse(where, f"Invalid value at '{where}': expected an object.")
    for index, (key, item) in enumerate(value.items()):
        place = f"{where}[{index}]"
        entries[read_key(key, f"{place}.key")] = read_item(item, f"{place}.value")
