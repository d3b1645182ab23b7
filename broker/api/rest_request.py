"""A REST request -> the request message of its method: body, query and path put together (section 3.2)."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from multidict import MultiMapping

from broker.api.http_body import read_http_body
from broker.api.json_reader import find_field, read_field, read_message
from broker.api.json_scalars import refuse, shown
from broker.api.rpcs import Rpc

_system_parameter = re.compile(
    r"\$.*|alt|callback|fields|key|access_token|bearer_token|oauth_token|pp|prettyPrint|quotaUser|uploadType|upload_protocol"
)
_IGNORED = {("ListLocations", "extraLocationTypes"), ("ListLocations", "extra_location_types")}
"""Parameters by method that its request message has no field for."""

_FIELD_MASK = "google.protobuf.FieldMask"
_HTTP_BODY = "google.api.HttpBody"


def read_request(
    rpc: Rpc, body: bytes, query: MultiMapping[str], path_values: Mapping[str, str], headers: MultiMapping[str]
) -> Any:
    """The request message. Raises INVALID_ARGUMENT. What the path says wins over body and query.

    The headers are part of a request that takes an HTTP call as it is.
    """
    message = rpc.request()
    if rpc.body == "*":
        read_message(decode_object(body), message)
    elif rpc.body:
        part = getattr(message, rpc.body)
        part.SetInParent()
        if part.DESCRIPTOR.full_name == _HTTP_BODY:
            read_http_body(body, headers, part, rpc.body)
        else:
            read_message(decode_object(body), part, rpc.body)
    for name in query:
        if not _system_parameter.fullmatch(name) and (rpc.method, name) not in _IGNORED:
            _bind(name, query.getall(name), message)
    for path, value in path_values.items():
        *parents, leaf = path.split(".")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, leaf, value)
    return message


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; no body at all and `null` are the empty one. Raises INVALID_ARGUMENT."""
    if not body.strip():
        return {}
    try:
        value = _json.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        refuse("", f"Invalid JSON payload received. {error}.")
    if value is not None and not isinstance(value, dict):
        refuse("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return value or {}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token {name}")


_json = json.JSONDecoder(parse_constant=_refuse_constant)
"""Made once; json.loads would make one each time."""


def _bind(name: str, texts: list[str], message: Any) -> None:
    """Puts a query parameter into the request field of the same name; if it is there several times, the last counts."""
    field = find_field(message, name)
    if field is None:
        rule = f"Cannot bind query parameter. Field '{name}' could not be found in request message."
        refuse("", f"Invalid JSON payload received. Unknown name {shown(name)}: {rule}")
    if field.message_type is None:
        read_field(texts if field.is_repeated else texts[-1], message, field, field.name)
    elif field.message_type.full_name == _FIELD_MASK:
        paths = (path for text in texts for path in text.split(",") if path)
        getattr(message, field.name).paths.extend(paths)
    else:
        rule = f"Cannot bind query parameter. '{name}' is a message type."
        refuse("", f"Invalid JSON payload received. Unknown name {shown(name)}: {rule}")
