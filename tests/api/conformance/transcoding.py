"""A request message's JSON -> an HTTP request, by the HTTP rules of the RPC table (google.api.http)."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.api.paths import Path, Template
from broker.api.rpcs import Rpc
from tests.api.conformance.row import Request

_variable = re.compile(r"\{([a-z_.]+)=([^}]*)\}")


@dataclass(frozen=True)
class HttpRequest:
    """What is sent: the path is not percent-encoded yet."""

    verb: str
    path: str
    query: Mapping[str, Any]
    body: bytes


def transcode(rpcs: Sequence[Rpc], request: Request) -> HttpRequest | None:
    """By the first path that the request fits; None if there is none."""
    return next((sent for rpc in rpcs if (sent := _transcoded(rpc, request))), None)


def _transcoded(rpc: Rpc, request: Request) -> HttpRequest | None:
    rest, path = dict(request), rpc.path
    for field, _ in _variable.findall(rpc.path):
        value = _taken(rest, [_camel(name) for name in field.split(".")])
        if not isinstance(value, str):
            return None
        path = _variable.sub(lambda _, value=value: value, path, count=1)
    if Template.parse(rpc.path).match(Path.parse(path)) is None:
        return None
    if rpc.method == "UploadQueueYaml":  # its body is the file
        return HttpRequest(rpc.verb, path, {"appId": rest["appId"]}, base64.b64decode(rest["httpBody"]["data"]))
    if rpc.method == "BufferTask":  # its body is the task's, unless it is an object with the one key `body`
        return HttpRequest(rpc.verb, path, {}, json.dumps({"body": rest.get("body", {})}).encode())
    if rpc.body == "*":
        return HttpRequest(rpc.verb, path, {}, json.dumps(rest).encode())
    body = rest.pop(_camel(rpc.body), {}) if rpc.body else None
    return HttpRequest(rpc.verb, path, rest, b"" if body is None else json.dumps(body).encode())


def _taken(request: dict[str, Any], names: Sequence[str]) -> Any:
    """A field of a request, which is taken out of it unless it is in a body that may repeat it."""
    first, *others = names
    if not others:
        return request.pop(first, None)
    value = request.get(first, {})
    for name in others:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
