"""JSON that is almost the message it stands for, and what Python's json_format takes although the mapping does not."""

import math
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from hypothesis import assume
from hypothesis import strategies as st

_WELL_KNOWN = "google.protobuf."
_DURATION = "google.protobuf.Duration"

_NUMBERS = [0, 1, -1, 1.0, 1.5, 2**31, 2**32, 2**63, -(2**63), 1e300, 10**400, math.nan, math.inf]
_DIGITS = ["0", "1", "-1", "+1", "01", " 1", "1\t", "1_0", "1.0", "1.5", "1e2", "1e999", ".5", "0x1", "١"]
_WORDS = ["", "a", "é", "true", "POST", "post", "NaN", "Infinity", "-Infinity", "nan", "inf"]
_BASE64 = ["AA", "AA==", "AA=", "AAA", "A", "-_8=", "+/8", "AA A", "!!!!"]
_TIMES = [
    "2026-01-01T00:00:00+02:00",
    "2026-01-01T00:00:00.1234567891Z",
    "2026-01-01t00:00:00z",
    "2026-13-01T00:00:00Z",
]
_SPANS = ["0", "0s", "-1s", "+1s", "1.s", ".5s", " 1s", "1e1s", "1.0000000001s", "315576000001s", "s"]
_MASKS = ["fooBar,baz", "foo_bar", "a,,b", "a.b", "*"]
_TREES = [{}, {"a": 1}, {"": None}, {"@type": "x"}, [], [None], ["a"], [[]], [{}], None, True, False]
_ODD = st.sampled_from([*_NUMBERS, *_DIGITS, *_WORDS, *_BASE64, *_TIMES, *_SPANS, *_MASKS, *_TREES])

_decimal = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|-?Infinity")
_base64 = re.compile(r"([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2,3})?=*")


@st.composite
def damaged(draw: st.DrawFn, descriptor: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a message with one member that it may not be able to have."""
    fields = {name: field for field in descriptor.fields for name in (field.json_name, field.name)}
    inner = [name for name in value if _is_plain_message(fields[name])]
    if inner and draw(st.booleans()):
        name = draw(st.sampled_from(inner))
        return {**value, name: _inside(draw, fields[name], value[name])}
    name = draw(st.sampled_from([*fields, "colour", ""]))
    odd = draw(_ODD)
    if name in fields:
        assume(
            not {fields[name].json_name, fields[name].name} & (value.keys() - {name})
        )  # json_format: the last counts
        odd = [odd] if fields[name].is_repeated and draw(st.booleans()) else odd
        assume(not _is_known_difference(fields[name], odd))
    return {**value, name: odd}


def _inside(draw: st.DrawFn, field: Any, value: Any) -> Any:
    if not field.is_repeated:
        return draw(damaged(field.message_type, value))
    return [draw(damaged(field.message_type, item)) for item in value]


def _is_plain_message(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and not kind.full_name.startswith(_WELL_KNOWN) and not kind.GetOptions().map_entry


def _is_known_difference(field: Any, value: Any) -> bool:
    """Whether json_format, alone or other than Google's front end, takes the value for the field."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        part = field.message_type.fields_by_name["value"]
        return isinstance(value, dict) and any(_differs(part, item) for item in value.values())
    if field.is_repeated:
        return isinstance(value, list) and any(_differs(field, item) for item in value)
    return _differs(field, value)


def _differs(field: Any, value: Any) -> bool:
    if field.message_type is not None:
        name = field.message_type.full_name
        return value == "0" if name == _DURATION else not name.startswith(_WELL_KNOWN) and value in ("", [])
    if field.enum_type is not None:
        return _is_no_number_of_an_enum(field.enum_type, value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return isinstance(value, str) and not _base64.fullmatch(value)
    if field.type == FieldDescriptor.TYPE_DOUBLE and isinstance(value, bool):
        return True
    is_number = field.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BOOL)
    return is_number and isinstance(value, str) and (value == "1e999" or not _decimal.fullmatch(value))


def _is_no_number_of_an_enum(enum: Any, value: Any) -> bool:
    """json_format makes an integer of it in Python's way, and keeps the lowest 32 bits."""
    if isinstance(value, str):
        return value not in enum.values_by_name and not re.fullmatch(r"[+-]?[0-9]+", value)
    if isinstance(value, bool) or value in (math.inf, 10**400):
        return True
    return isinstance(value, int | float) and not (value == value // 1 and -(2**31) <= value < 2**31)
