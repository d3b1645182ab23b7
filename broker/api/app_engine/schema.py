"""Makes message classes of a table of fields, without a protobuf compiler.

A line of the table is a message, or under it, indented by two spaces, a field:

    NUMBER LABEL TYPE NAME [= DEFAULT]

The label is required, optional or repeated; the type is a scalar of proto2, or a message of the table. The members of
a group, whose type is `group NAME`, are indented once more.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "headrace.app_engine"
_INDENT = "  "


def message_classes(table: str) -> dict[str, Any]:
    """The classes of a table's messages, by name.

    They live in a pool of their own, so other code may load messages of the same names beside them.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2")
    owners: list[Any] = [file]
    for line in filter(None, table.splitlines()):
        text = line.lstrip()
        depth = (len(line) - len(text)) // len(_INDENT)
        del owners[depth + 1 :]
        if depth == 0:
            owners.append(file.message_type.add(name=text))
        else:
            owners += _add_field(owners[depth], text.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}"))
        for message in file.message_type
    }


def _add_field(owner: Any, words: list[str]) -> list[Any]:
    """Adds one field to a message. Answers, in a list, the message that the following members belong to, if any."""
    number, label, kind, *rest = words
    field = owner.field.add(number=int(number), label=_constant("LABEL", label))
    if kind == "group":
        (name,) = rest
        field.name, field.type, field.type_name = name.lower(), field.TYPE_GROUP, name
        return [owner.nested_type.add(name=name)]
    field.name = rest[0]
    if kind.islower():
        field.type = _constant("TYPE", kind)
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    if len(rest) > 1:
        field.default_value = rest[2]
    return []


def _constant(kind: str, name: str) -> Any:
    return getattr(descriptor_pb2.FieldDescriptorProto, f"{kind}_{name.upper()}")
