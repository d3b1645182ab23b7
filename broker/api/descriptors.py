"""The public API as protobuf descriptors: the library's messages under their published names, and the services.

The client library carries messages without services, and calls a field `type` `type_`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool

from broker.api.rpcs import Rpc

_File = descriptor_pb2.FileDescriptorProto
_library_path = re.compile(r"^google/cloud/tasks_(\w+)/types/")


class ApiDescriptors:
    """A pool of its own with every message and service of some methods, and with what they refer to."""

    def __init__(self, rpcs: Iterable[Rpc]) -> None:
        self.pool = descriptor_pool.DescriptorPool()
        self._files: set[str] = set()
        services: dict[str, dict[str, Rpc]] = defaultdict(dict)
        for rpc in rpcs:
            if rpc.handler:
                services[rpc.service][rpc.method] = rpc
        for name, methods in services.items():
            self._add_service(name, methods)

    def add_file(self, file: Any) -> None:
        """Adds a file, given by its descriptor, after those that it refers to."""
        proto = _published(file)
        if proto.name in self._files:
            return
        for dependency in file.dependencies:
            self.add_file(dependency)
        self.add_proto(proto)

    def add_proto(self, proto: Any) -> None:
        """Adds a file all of whose dependencies are there."""
        self._files.add(proto.name)
        self.pool.Add(proto)

    def _add_service(self, full_name: str, methods: dict[str, Rpc]) -> None:
        """Adds the messages of a service, and its methods unless the file of its messages has them."""
        package, _, name = full_name.rpartition(".")
        used = [message.DESCRIPTOR.file for rpc in methods.values() for message in (rpc.request, rpc.response)]
        for file in used:
            self.add_file(file)
        if any(file.package == package and name in file.services_by_name for file in used):
            return
        file = _File(name=f"{package.replace('.', '/')}/service.proto", package=package, syntax="proto3")
        file.dependency.extend(sorted({_published(message).name for message in used}))
        service = file.service.add(name=name)
        for method, rpc in methods.items():
            service.method.add(name=method, input_type=_reference(rpc.request), output_type=_reference(rpc.response))
        self.add_proto(file)


def _reference(message_class: Any) -> str:
    return f".{message_class.DESCRIPTOR.full_name}"


def _published(file: Any) -> Any:
    """A file as it is published: the library's, with the paths and the names of fields that the API has."""
    proto = _File()
    file.CopyToProto(proto)
    proto.name = _published_path(proto.name)
    for index, path in enumerate(proto.dependency):
        proto.dependency[index] = _published_path(path)
    for message in proto.message_type:
        for field in message.field:
            field.name = field.name.removesuffix("_")
    return proto


def _published_path(path: str) -> str:
    return _library_path.sub(r"google/cloud/tasks/\1/", path)
