"""Hypothesis strategies for any protobuf message, made from its descriptor."""

import math
from functools import cache
from typing import Any

from google.protobuf import any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from hypothesis import strategies as st

_DEEPEST = 6
_INT32, _INT64 = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)

_doubles = (st.floats(allow_nan=False) | st.just(math.nan)).map(lambda number: number + 0.0)
"""Without -0, and with one of the numbers that are none: JSON has only one of each."""

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    Field.TYPE_STRING: _text,
    Field.TYPE_BYTES: st.binary(max_size=9),
    Field.TYPE_BOOL: st.booleans(),
    Field.TYPE_INT32: st.integers(*_INT32),
    Field.TYPE_INT64: st.integers(*_INT64),
    Field.TYPE_DOUBLE: _doubles,
}

_moments = st.builds(
    timestamp_pb2.Timestamp, seconds=st.integers(-62_135_596_800, 253_402_300_799), nanos=st.integers(0, 999_999_999)
)
_spans = st.builds(
    lambda sign, seconds, nanos: duration_pb2.Duration(seconds=sign * seconds, nanos=sign * nanos),
    st.sampled_from([-1, 1]),
    st.integers(0, 315_576_000_000 - 1),
    st.integers(0, 999_999_999),
)
_paths = st.from_regex(r"[a-z]{1,5}(_[a-z]{1,5})?(\.[a-z]{1,5})?", fullmatch=True)
_structs = st.builds(
    lambda fields: struct_pb2.Struct(
        fields={name: struct_pb2.Value(string_value=text) for name, text in fields.items()}
    ),
    st.dictionaries(_text, _text, max_size=1),  # more would be packed in any order
)


def _packed(message: Any) -> Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


_WELL_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "google.protobuf.Timestamp": _moments,
    "google.protobuf.Duration": _spans,
    "google.protobuf.FieldMask": st.builds(field_mask_pb2.FieldMask, paths=st.lists(_paths, max_size=3)),
    "google.protobuf.Struct": _structs,
    "google.protobuf.Empty": st.builds(empty_pb2.Empty),
    "google.protobuf.Any": (_structs | st.builds(error_details_pb2.LocalizedMessage, locale=_text)).map(_packed),
}


@cache
def messages(descriptor: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Valid messages of a type, with any of its fields set."""
    if descriptor.full_name in _WELL_KNOWN:
        return _WELL_KNOWN[descriptor.full_name]
    fields = [field for field in descriptor.fields if field.message_type is None or depth < _DEEPEST]
    values = st.fixed_dictionaries({}, optional={field.name: _values(field, depth) for field in fields})
    return values.map(lambda given: GetMessageClass(descriptor)(**given))


def _values(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        parts = field.message_type.fields_by_name
        return st.dictionaries(_one(parts["key"], depth), _one(parts["value"], depth), max_size=2)
    return st.lists(_one(field, depth), max_size=2) if field.is_repeated else _one(field, depth)


def _one(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return st.deferred(lambda: messages(field.message_type, depth + 1))
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values]) | st.integers(*_INT32)
    return _SCALARS[field.type]
