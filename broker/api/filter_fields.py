"""The fields of a version's messages as filters know them (section 3.5)."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from broker.api.masks import snake_paths
from broker.service.filter.schema import Field, Kind

_SCALARS = {
    FieldDescriptor.CPPTYPE_STRING: Kind.TEXT,
    FieldDescriptor.CPPTYPE_BOOL: Kind.BOOLEAN,
    FieldDescriptor.CPPTYPE_ENUM: Kind.NAME,
    FieldDescriptor.CPPTYPE_INT32: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_INT64: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_DOUBLE: Kind.NUMBER,
}
_MESSAGES: dict[str, tuple[Kind, Callable[[Any], Any]]] = {
    "google.protobuf.Duration": (Kind.DURATION, lambda value: value.ToMicroseconds()),
    "google.protobuf.Timestamp": (Kind.TIMESTAMP, lambda value: value.ToMicroseconds()),
}


class MessageFields:
    """The schema of messages of one class, but for the fields named `without`."""

    def __init__(self, message_class: Any, *, without: frozenset[str] = frozenset()) -> None:
        self._descriptor = message_class.DESCRIPTOR
        self._without = without

    def field(self, path: tuple[str, ...]) -> Field | None:
        """The field of that path, in snake or camel case; None if there is none."""
        names = tuple(snake_paths(path))
        if names[0] in self._without:
            return None
        descriptors: list[Any] = []
        holder = self._descriptor
        for name in names:
            fields = holder.fields_by_name if holder else {}
            found = fields.get(name) or fields.get(f"{name}_")  # `type` is called `type_` there
            if found is None:
                return None
            descriptors.append(found)
            holder = found.message_type
        return _field(descriptors)


def _field(descriptors: list[Any]) -> Field:
    last = descriptors[-1]
    if last.message_type is not None:
        kind, read = _MESSAGES.get(last.message_type.full_name, (Kind.MESSAGE, lambda _: True))
        return Field(kind, lambda message: map(read, _values(message, descriptors)))
    kind = _SCALARS[last.cpp_type]
    if kind is not Kind.NAME:
        return Field(kind, lambda message: _values(message, descriptors))
    by_number = {value.number: value.name for value in last.enum_type.values}
    return Field(
        kind,
        lambda message: (by_number[number] for number in _values(message, descriptors)),
        frozenset(by_number.values()),
    )


def _values(message: Any, descriptors: list[Any]) -> Iterator[Any]:
    """The values at the end of a path of fields; repeated fields branch, those that are not set end it."""
    first, *rest = descriptors
    if first.is_repeated:
        found = getattr(message, first.name)
    elif first.has_presence and not message.HasField(first.name):
        return
    else:
        found = (getattr(message, first.name),)
    for value in found:
        if rest:
            yield from _values(value, rest)
        else:
            yield value
