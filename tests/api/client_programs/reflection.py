"""A client that knows nothing of Cloud Tasks but what the server tells by reflection, in both of its versions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from connection import ADDRESS, LOCATION
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

channel = grpc.insecure_channel(ADDRESS)
SERVICE = "google.cloud.tasks.v2.CloudTasks"


def by_alpha() -> Any:
    """The pool that the reflection library fills as it is asked."""
    return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def by_stable() -> Any:
    """A pool of the files that v1 answers, for which there is no library."""
    pool = descriptor_pool.DescriptorPool()
    (answer,) = ask(reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE))
    files = map(descriptor_pb2.FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    waiting = {file.name: file for file in files}
    while waiting:
        name = next(name for name, file in waiting.items() if not waiting.keys() & set(file.dependency))
        pool.Add(waiting.pop(name))
    return pool


def ask(*requests: Any) -> Iterator[Any]:
    call = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return call(iter(requests))


def create_task(pool: Any, task_id: str) -> Any:
    method = pool.FindServiceByName(SERVICE).methods_by_name["CreateTask"]
    request_class, response_class = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
    queue = f"{LOCATION}/queues/q"
    task = {"name": f"{queue}/tasks/{task_id}", "httpRequest": {"url": "http://127.0.0.1:1/"}}
    request = json_format.ParseDict({"parent": queue, "task": task}, request_class())
    answer = channel.unary_unary(
        f"/{SERVICE}/CreateTask",
        request_serializer=request_class.SerializeToString,
        response_deserializer=response_class.FromString,
    )(request)
    return json_format.MessageToDict(answer)["httpRequest"]


def outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except KeyError:
        return "unknown"


alpha, stable = by_alpha(), by_stable()
(listing,) = ask(reflection_pb2.ServerReflectionRequest(list_services=""))
services = [service.name for service in listing.list_services_response.service]
print(
    json.dumps(
        {
            "services": services,
            "services by alpha": list(ProtoReflectionDescriptorDatabase(channel).get_services()),
            "methods": {
                service: sorted(alpha.FindServiceByName(service).methods_by_name)
                for service in services
                if service.startswith("google")
            },
            "queue": sorted(alpha.FindMessageTypeByName("google.cloud.tasks.v2beta3.Queue").fields_by_name),
            "unknown": outcome(lambda: alpha.FindMessageTypeByName("google.cloud.tasks.v2.Nothing")),
            "created": [create_task(alpha, "by-alpha"), create_task(stable, "by-stable")],
        }
    )
)
