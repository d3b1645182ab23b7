"""Protobuf -> JSON text, with what JSON writes a field as worked out once for each kind of message (section 3.2).

Text is made of the message itself: an object in between costs half as much again. The mapping is json_format's, which
tests hold it against, but that whole numbers have no fraction. json_format itself writes what is rare here: messages of
google.protobuf other than Timestamp and Duration, and types not listed below.
"""

import json
import math
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from broker.api.json_writer import COMPACT, enclosed, next_line, value_text

_EPOCH = datetime(1970, 1, 1)
_LONGEST_S = 315_576_000_000
_WELL_KNOWN = "google.protobuf."

Write = Callable[[Any, str, bool], str]
"""Makes JSON text of one value: value, line as `value_text` has it, whether enums are to be numbers."""


def message_text(message: Any, line: str, enum_integers: bool) -> str:
    """The JSON text of a message: default values left out. `line` is as for `value_text`."""
    writers = _writers(message.DESCRIPTOR, line == COMPACT)
    if writers is None:
        return _by_json_format(message, line, enum_integers)
    inner, members = next_line(line), []
    for field, value in message.ListFields():
        name, write = writers[field.number]
        members.append(name + write(value, inner, enum_integers))
    return enclosed("{", members, "}", line)


def message_object(message: Any, *, enum_integers: bool) -> dict[str, Any]:
    """The JSON object of a message: default values left out, whole numbers without a fraction."""
    fields: dict[str, Any] = json.loads(message_text(message, COMPACT, enum_integers))
    return fields


@lru_cache(maxsize=512)
def _writers(descriptor: Any, is_compact: bool) -> dict[int, tuple[str, Write]] | None:
    """Name, with a colon, and writer of each field by its number; None for a message to be left to json_format."""
    if descriptor.full_name.startswith(_WELL_KNOWN):
        return None
    writers = {}
    for field in descriptor.fields:
        write = _field_writer(field)
        if write is None:
            return None
        writers[field.number] = f'"{field.json_name}":' + " " * (not is_compact), write
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
        return _WRITERS_BY_MESSAGE.get(field.message_type.full_name) or message_text
    return _WRITERS_BY_TYPE.get(field.type)


def _map_writer(write: Write) -> Write:
    """For maps with keys of text; there are no others."""

    def write_map(entries: Any, line: str, enum_integers: bool) -> str:
        inner, colon = next_line(line), ": " if line else ":"
        members = [encode_basestring(key) + colon + write(entries[key], inner, enum_integers) for key in entries]
        return enclosed("{", members, "}", line)

    return write_map


def _list_writer(write: Write) -> Write:
    def write_list(items: Any, line: str, enum_integers: bool) -> str:
        inner = next_line(line)
        return enclosed("[", [write(item, inner, enum_integers) for item in items], "]", line)

    return write_list


def _enum_writer(names: dict[int, str]) -> Write:
    quoted = {number: f'"{name}"' for number, name in names.items()}
    return lambda number, _line, enum_integers: str(number) if enum_integers else quoted.get(number, str(number))


def _by_json_format(message: Any, line: str, enum_integers: bool) -> str:
    return value_text(_plain(json_format.MessageToDict(message, use_integers_for_enums=enum_integers)), line)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _double(value: float, _line: str, _integers: bool) -> str:
    if not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    return repr(int(value) if value.is_integer() else value)


def _timestamp(value: Any, _line: str, _integers: bool) -> str:
    nanos = value.nanos
    return f'"{_whole_second(value.seconds)}{_fraction(nanos) if nanos else ""}Z"'


@lru_cache(maxsize=1024)
def _whole_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def _fraction(nanos: int) -> str:
    """Three, six or nine digits."""
    digits = f"{nanos:09d}"
    return "." + (digits if nanos % 1000 else digits[:6] if nanos % 1_000_000 else digits[:3])


def _duration(value: Any, _line: str, _integers: bool) -> str:
    seconds = value.seconds
    is_plain = not value.nanos and -_LONGEST_S <= seconds <= _LONGEST_S
    return f'"{seconds}s"' if is_plain else f'"{value.ToJsonString()}"'


_WRITERS_BY_MESSAGE: dict[str, Write] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
}
_WRITERS_BY_TYPE: dict[int, Write] = {
    FieldDescriptor.TYPE_STRING: lambda value, _line, _integers: encode_basestring(value),
    FieldDescriptor.TYPE_BYTES: lambda value, _line, _integers: f'"{b64encode(value).decode()}"',
    FieldDescriptor.TYPE_BOOL: lambda value, _line, _integers: "true" if value else "false",
    FieldDescriptor.TYPE_INT32: lambda value, _line, _integers: str(value),
    FieldDescriptor.TYPE_INT64: lambda value, _line, _integers: f'"{value}"',
    FieldDescriptor.TYPE_DOUBLE: _double,
}
