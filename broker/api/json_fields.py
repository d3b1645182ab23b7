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

Write = Callable[[Any], str]
"""Makes JSON text of one value."""


def message_text(message: Any, line: str, enum_integers: bool) -> str:
    """The JSON text of a message: default values left out. `line` is as for `value_text`."""
    return _message_writer(message.DESCRIPTOR, line, enum_integers)(message)


def message_object(message: Any, *, enum_integers: bool) -> dict[str, Any]:
    """The JSON object of a message: default values left out, whole numbers without a fraction."""
    fields: dict[str, Any] = json.loads(message_text(message, COMPACT, enum_integers))
    return fields


@lru_cache(maxsize=1024)
def _message_writer(descriptor: Any, line: str, enum_integers: bool) -> Write:
    """The writer of a kind of message. What is before and behind the values is put together once."""
    inner, members = next_line(line), {}
    for field in descriptor.fields:
        write = None if descriptor.full_name.startswith(_WELL_KNOWN) else _field_writer(field, inner, enum_integers)
        if write is None:
            return lambda message: _by_json_format(message, line, enum_integers)
        members[field.number] = f'{inner}"{field.json_name}"{_colon(line)}', write

    def write_message(message: Any) -> str:
        texts = []
        for field, value in message.ListFields():
            name, write = members[field.number]
            texts.append(name + write(value))
        return f"{{{','.join(texts)}{line}}}" if texts else "{}"

    return write_message


def _field_writer(field: Any, line: str, enum_integers: bool) -> Write | None:
    """None for a field of a type that is left to json_format."""
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        write = _value_writer(kind.fields_by_name["value"], next_line(line), enum_integers)
        return _map_writer(write, line) if write else None
    if field.is_repeated:
        write = _value_writer(field, next_line(line), enum_integers)
        return _list_writer(write, line) if write else None
    return _value_writer(field, line, enum_integers)


def _value_writer(field: Any, line: str, enum_integers: bool) -> Write | None:
    if field.enum_type is not None:
        return str if enum_integers else _enum_writer(field.enum_type)
    if field.message_type is not None:
        usual = _WRITERS_BY_MESSAGE.get(field.message_type.full_name)
        return usual or _message_writer(field.message_type, line, enum_integers)
    return _WRITERS_BY_TYPE.get(field.type)


def _map_writer(write: Write, line: str) -> Write:
    """For maps with keys of text; there are no others."""
    colon = _colon(line)

    def write_map(entries: Any) -> str:
        return enclosed("{", [encode_basestring(key) + colon + write(entries[key]) for key in entries], "}", line)

    return write_map


def _list_writer(write: Write, line: str) -> Write:
    return lambda items: enclosed("[", [write(item) for item in items], "]", line)


def _enum_writer(enum: Any) -> Write:
    quoted = {value.number: f'"{value.name}"' for value in enum.values}
    return lambda number: quoted.get(number) or str(number)


def _colon(line: str) -> str:
    return ": " if line else ":"


def _by_json_format(message: Any, line: str, enum_integers: bool) -> str:
    return value_text(_plain(json_format.MessageToDict(message, use_integers_for_enums=enum_integers)), line)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _double(value: float) -> str:
    if not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    return repr(int(value) if value.is_integer() else value)


def _timestamp(value: Any) -> str:
    nanos = value.nanos
    return f'"{_whole_second(value.seconds)}{_fraction(nanos) if nanos else ""}Z"'


@lru_cache(maxsize=1024)
def _whole_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def _fraction(nanos: int) -> str:
    """Three, six or nine digits."""
    digits = f"{nanos:09d}"
    return "." + (digits if nanos % 1000 else digits[:6] if nanos % 1_000_000 else digits[:3])


def _duration(value: Any) -> str:
    seconds = value.seconds
    is_plain = not value.nanos and -_LONGEST_S <= seconds <= _LONGEST_S
    return f'"{seconds}s"' if is_plain else f'"{value.ToJsonString()}"'


_WRITERS_BY_MESSAGE: dict[str, Write] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
}
_WRITERS_BY_TYPE: dict[int, Write] = {
    FieldDescriptor.TYPE_STRING: encode_basestring,
    FieldDescriptor.TYPE_BYTES: lambda value: f'"{b64encode(value).decode()}"',
    FieldDescriptor.TYPE_BOOL: lambda value: "true" if value else "false",
    FieldDescriptor.TYPE_INT32: str,
    FieldDescriptor.TYPE_INT64: lambda value: f'"{value}"',
    FieldDescriptor.TYPE_DOUBLE: _double,
}
