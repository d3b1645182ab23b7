"""A REST request -> the request message of its method: body, query and path put together (section 3.2)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from broker.api.json_reader import find_field, read_field, read_message
from broker.api.json_scalars import refuse, shown
from broker.api.rpcs import Rpc

_system_parameter = re.compile(
    r"\$.*|alt|callback|fields|key|access_token|oauth_token|prettyPrint|quotaUser|uploadType|upload_protocol"
)
_FIELD_MASK = "google.protobuf.FieldMask"


@dataclass(frozen=True, slots=True)
class AnswerStyle:
    """How a caller wants the JSON of the answer: system parameters `prettyPrint` and `alt`."""

    pretty: bool = True
    enum_integers: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "AnswerStyle":
        """Reads it from the query; with or without the dollar sign."""
        pretty = query.get("$prettyPrint", query.get("prettyPrint", "true"))
        alternative = query.get("$alt", query.get("alt", ""))
        return cls(pretty.lower() not in ("false", "0"), "enum-encoding=int" in alternative.split(";"))


def read_request(rpc: Rpc, body: bytes, query: Mapping[str, str], path_values: Mapping[str, str]) -> Any:
    """The request message. Raises INVALID_ARGUMENT. What the path says wins over body and query."""
    message = rpc.request()
    if rpc.body == "*":
        read_message(_decode(body), message)
    elif rpc.body:
        part = getattr(message, rpc.body)
        part.SetInParent()
        read_message(_decode(body), part, rpc.body)
    for name, text in query.items():
        if not _system_parameter.fullmatch(name):
            _bind(name, text, message)
    for path, value in path_values.items():
        *parents, leaf = path.split(".")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, leaf, value)
    return message


def _decode(body: bytes) -> Any:
    """The JSON value of a body. No body at all and `null` are the empty object."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        refuse("", f"Invalid JSON payload received. {error}.")
    if value is not None and not isinstance(value, dict):
        refuse("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return value or {}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token {name}")


def _bind(name: str, text: str, message: Any) -> None:
    """Puts a query parameter into the request field of the same name."""
    field = find_field(message, name)
    if field is None:
        rule = f"Cannot bind query parameter. Field '{name}' could not be found in request message."
        refuse("", f"Invalid JSON payload received. Unknown name {shown(name)}: {rule}")
    if field.message_type is None:
        read_field(text, message, field, field.name)
    elif field.message_type.full_name == _FIELD_MASK:
        getattr(message, field.name).paths.extend(path for path in text.split(",") if path)
    else:
        rule = f"Cannot bind query parameter. '{name}' is a message type."
        refuse("", f"Invalid JSON payload received. Unknown name {shown(name)}: {rule}")
