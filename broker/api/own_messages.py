"""Messages that the published API has and Google's client library lacks, made by their published field numbers.

BufferTask left the protos of all versions, but is in their discovery documents. What v2beta2 has of batches and CMEK
is in its discovery document alone, and the same as in v2. If the library has a message, it is not made here.
"""

from functools import cache
from types import ModuleType
from typing import Any

from google.api import httpbody_pb2
from google.cloud.tasks_v2 import types as types_v2
from google.protobuf import descriptor_pb2, field_mask_pb2, message_factory, timestamp_pb2
from google.rpc import status_pb2

_Message, _Field = descriptor_pb2.DescriptorProto, descriptor_pb2.FieldDescriptorProto
_AS_IN_V2 = (
    "BatchCreateTasksRequest",
    "BatchCreateTasksResponse",
    "BatchCreateTasksMetadata",
    "BatchDeleteTasksRequest",
    "BatchDeleteTasksMetadata",
    "CmekConfig",
    "GetCmekConfigRequest",
    "UpdateCmekConfigRequest",
)
_USED = (httpbody_pb2, field_mask_pb2, timestamp_pb2, status_pb2)


def message_class(types: ModuleType, name: str) -> Any:
    """The class of a message in the version of the library's `types`; None if there is none of that name."""
    wrapper = getattr(types, name, None)
    return wrapper.pb() if wrapper else _made(types).get(name)


@cache
def _made(types: ModuleType) -> dict[str, Any]:
    """The messages that the library lacks in a version, in a file beside its own."""
    neighbours = [types.Task.pb().DESCRIPTOR.file, types.CreateTaskRequest.pb().DESCRIPTOR.file]
    package, pool = neighbours[0].package, neighbours[0].pool
    published = [_as_in_v2(name, package) for name in _AS_IN_V2] + _buffering(package)
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}/more.proto",
        package=package,
        syntax="proto3",
        dependency=[file.name for file in (*neighbours, *(module.DESCRIPTOR for module in _USED))],
        message_type=[message for message in published if not hasattr(types, message.name)],
    )
    pool.Add(file)
    made = pool.FindFileByName(file.name).message_types_by_name
    return {name: message_factory.GetMessageClass(message) for name, message in made.items()}


def _as_in_v2(name: str, package: str) -> Any:
    """A message of v2 with fields of this version's types."""
    original = getattr(types_v2, name).pb().DESCRIPTOR
    message = _Message()
    original.CopyToProto(message)
    for part in (message, *message.nested_type):
        for field in filter(lambda field: field.type_name, part.field):
            field.type_name = field.type_name.replace(f".{original.file.package}.", f".{package}.")
    return message


def _buffering(package: str) -> list[Any]:
    """The messages of BufferTask."""
    text, message = _Field.TYPE_STRING, _Field.TYPE_MESSAGE
    return [
        _Message(
            name="BufferTaskRequest",
            field=[
                _field("queue", 1, text),
                _field("task_id", 2, text),
                _field("body", 3, message, ".google.api.HttpBody"),
            ],
        ),
        _Message(name="BufferTaskResponse", field=[_field("task", 1, message, f".{package}.Task")]),
    ]


def _field(name: str, number: int, kind: Any, type_name: str | None = None) -> Any:
    return _Field(name=name, number=number, label=_Field.LABEL_OPTIONAL, type=kind, type_name=type_name)
