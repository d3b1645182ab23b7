"""Server reflection, v1 and v1alpha: grpcurl, Postman and the like learn the services from the server itself."""

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, text_format
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from broker.api import health
from broker.api.descriptors import ApiDescriptors
from broker.api.rpcs import Rpc

_ALPHA = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name
_STABLE = _ALPHA.replace("v1alpha", "v1")
"""The two versions differ in nothing but the package's name."""


def reflection_handlers(rpcs: Iterable[Rpc]) -> tuple[Any, ...]:
    """What serves reflection of the methods that are served, of health checking and of itself."""
    rpcs = tuple(rpcs)
    descriptors = ApiDescriptors(rpcs)
    descriptors.add_file(health_pb2.DESCRIPTOR)
    descriptors.add_file(reflection_pb2.DESCRIPTOR)
    descriptors.add_proto(_stable_file())
    names = {rpc.service for rpc in rpcs if rpc.handler} | {health.SERVICE, _ALPHA, _STABLE}
    method = grpc.stream_stream_rpc_method_handler(
        aio.ReflectionServicer(names, descriptors.pool).ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    methods = {"ServerReflectionInfo": method}
    return tuple(grpc.method_handlers_generic_handler(name, methods) for name in (_ALPHA, _STABLE))


def _stable_file() -> Any:
    alpha, stable = descriptor_pb2.FileDescriptorProto(), descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
    return text_format.Parse(text_format.MessageToString(alpha).replace("v1alpha", "v1"), stable)
