"""One call of the table over gRPC and over REST: the message's JSON in, what the caller gets out."""

from typing import Any, Protocol
from urllib.parse import quote

import grpc
import requests
from google.protobuf import json_format
from google.rpc import status_pb2

from broker.api.rpcs import RPCS, Rpc
from tests.api.conformance.row import Answer, Refusal, Request
from tests.api.conformance.transcoding import transcode

_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
}
"""The statuses of the codes that the table has (section 4.1)."""


class Wire(Protocol):
    """Makes calls of the API over one protocol."""

    def call(self, method: str, version: str, request: Request) -> Answer | Refusal:
        """The outcome of a call; the request is the message's JSON."""


def rpcs_of(method: str, version: str) -> list[Rpc]:
    """The rows of the RPC table for a method, one for each of its paths. UploadQueueYaml's names no version."""
    prefixes = (f"/{version}/", "/api/") if version == "v2beta2" else (f"/{version}/",)
    return [rpc for rpc in RPCS if rpc.method == method and rpc.path.startswith(prefixes)]


class GrpcWire:
    """Raw stubs with the official message classes."""

    def __init__(self, address: str) -> None:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(address, options=options)

    def call(self, method: str, version: str, request: Request) -> Answer | Refusal:
        rpc = rpcs_of(method, version)[0]
        message = json_format.ParseDict(request, rpc.request())
        stub = self._channel.unary_unary(
            f"/{rpc.service}/{rpc.method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=rpc.response.FromString,
        )
        try:
            return Answer(json_format.MessageToDict(stub(message, timeout=20)))
        except grpc.RpcError as error:
            return _refusal(error)

    def close(self) -> None:
        self._channel.close()


class RestWire:
    """Plain HTTP with JSON bodies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def call(self, method: str, version: str, request: Request) -> Answer | Refusal:
        sent = transcode(rpcs_of(method, version), request)
        assert sent is not None, f"no path of {method} fits {request}"
        response = self._session.request(
            sent.verb, self._url + quote(sent.path, safe="/:"), params=sent.query, data=sent.body, timeout=20
        )
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        answer = response.json()
        if response.status_code == 200:
            return Answer(answer)
        assert answer.keys() == {"error"}
        error = answer["error"]
        assert error.keys() <= {"code", "message", "status", "details"}
        assert response.status_code == error["code"] == _HTTP_STATUS[error["status"]]
        return Refusal(error["status"], error["message"], error.get("details", []))

    def close(self) -> None:
        self._session.close()


def _refusal(error: Any) -> Refusal:
    status = status_pb2.Status()
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status.MergeFromString(value)
            assert (status.code, status.message) == (error.code().value[0], error.details())
    details = json_format.MessageToDict(status).get("details", [])
    return Refusal(error.code().name, error.details(), details)
