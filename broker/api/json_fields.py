"""Protobuf -> JSON objects, with what JSON writes a field as worked out once for each kind of message (section 3.2).

The mapping is json_format's, which tests hold it against, but that whole numbers have no fraction. json_format itself
writes what is rare here: messages of google.protobuf other than Timestamp and Duration, and types not listed below.
"""

import math
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

_EPOCH = datetime(1970, 1, 1)
_LONGEST_S = 315_576_000_000
_WELL_KNOWN = "google.protobuf."

Write = Callable[[Any, bool], Any]
"""Makes JSON of one value; the flag asks for enums as numbers."""


def object_of(message: Any, enum_integers: bool) -> Any:
    """The JSON object of a message: default values left out."""
    writers = _writers(message.DESCRIPTOR)
    if writers is None:
        return _by_json_format(message, enum_integers)
    fields = {}
    for field, value in message.ListFields():
        name, write = writers[field.number]
        fields[name] = write(value, enum_integers)
    return fields


@lru_cache(maxsize=512)
def _writers(descriptor: Any) -> dict[int, tuple[str, Write]] | None:
    """Name and writer of each field by its number; None for a message to be left to json_format."""
    if descriptor.full_name.startswith(_WELL_KNOWN):
        return None
    writers = {}
    for field in descriptor.fields:
        write = _field_writer(field)
        if write is None:
            return None
        writers[field.number] = field.json_name, write
    return writers


def _field_writer(field: Any) -> Write | None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        write = _value_writer(kind.fields_by_name["value"])
        return _map_writer(write) if write else None
    write = _value_writer(field)
    return _list_writer(write) if write and field.is_repeated else write


def _value_writer(field: Any) -> Write | None:
    if field.enum_type is not None:
        return _enum_writer({value.number: value.name for value in field.enum_type.values})
    if field.message_type is not None:
        return _WRITERS_BY_MESSAGE.get(field.message_type.full_name) or object_of
    return _WRITERS_BY_TYPE.get(field.type)


def _map_writer(write: Write) -> Write:
    """For maps with keys of text; there are no others."""
    return lambda entries, enum_integers: {key: write(entries[key], enum_integers) for key in entries}


def _list_writer(write: Write) -> Write:
    return lambda items, enum_integers: [write(item, enum_integers) for item in items]


def _enum_writer(names: dict[int, str]) -> Write:
    return lambda number, enum_integers: number if enum_integers else names.get(number, number)


def _by_json_format(message: Any, enum_integers: bool) -> Any:
    return _plain(json_format.MessageToDict(message, use_integers_for_enums=enum_integers))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _double(value: float, _: bool) -> Any:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() else value


def _timestamp(value: Any, _: bool) -> str:
    nanos = value.nanos
    return f"{_whole_second(value.seconds)}{_fraction(nanos) if nanos else ''}Z"


@lru_cache(maxsize=1024)
def _whole_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def _fraction(nanos: int) -> str:
    """Three, six or nine digits."""
    digits = f"{nanos:09d}"
    return "." + (digits if nanos % 1000 else digits[:6] if nanos % 1_000_000 else digits[:3])


def _duration(value: Any, _: bool) -> str:
    seconds = value.seconds
    is_plain = not value.nanos and -_LONGEST_S <= seconds <= _LONGEST_S
    return f"{seconds}s" if is_plain else value.ToJsonString()


_WRITERS_BY_MESSAGE: dict[str, Write] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
}
_WRITERS_BY_TYPE: dict[int, Write] = {
    FieldDescriptor.TYPE_STRING: lambda value, _: value,
    FieldDescriptor.TYPE_BYTES: lambda value, _: b64encode(value).decode(),
    FieldDescriptor.TYPE_BOOL: lambda value, _: value,
    FieldDescriptor.TYPE_INT32: lambda value, _: value,
    FieldDescriptor.TYPE_INT64: lambda value, _: str(value),
    FieldDescriptor.TYPE_DOUBLE: _double,
}
