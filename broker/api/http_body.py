"""An HTTP call as a google.api.HttpBody: what BufferTask makes a task of (Cloud Tasks specification, 3.8).

The body travels as `data`, the headers as a google.protobuf.Struct among the `extensions`. A caller of gRPC can send
headers the same way.
"""

import json
from typing import Any

from google.protobuf import struct_pb2
from multidict import MultiMapping

from broker.api.header_text import header_text
from broker.api.json_reader import read_message

_FORM_KEYS = {"contentType", "content_type", "data", "extensions"}


def read_http_body(body: bytes, headers: MultiMapping[str], http_body: Any, where: str) -> None:
    """Fills an HttpBody. A JSON body `{"body": {...}}` is the message itself; anything else is taken as it is.

    `where` is the path of the message in the request. Raises INVALID_ARGUMENT.
    """
    form = _form(body)
    if form is None:
        http_body.content_type, http_body.data = header_text(headers.get("Content-Type", "")), body
    else:
        read_message(form, http_body, where)
    first_spelled = {name.lower(): name for name in reversed(list(headers))}
    first_spelled.pop("content-type", None)
    named = {
        name: struct_pb2.Value(string_value=header_text(", ".join(headers.getall(name))))
        for name in first_spelled.values()
    }
    http_body.extensions.add().Pack(struct_pb2.Struct(fields=named))


def headers_of(http_body: Any) -> tuple[tuple[str, str], ...]:
    """The headers that came with an HttpBody, its content type among them."""
    headers = {"Content-Type": http_body.content_type} if http_body.content_type else {}
    for extension in http_body.extensions:
        named = struct_pb2.Struct()
        if extension.Unpack(named):
            headers |= {name: value.string_value for name, value in named.fields.items() if value.string_value}
    return tuple(headers.items())


def _form(body: bytes) -> dict[str, Any] | None:
    """The HttpBody in a body that is a BufferTaskRequest in JSON, None in any other."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    form = value.get("body") if value.keys() == {"body"} else None
    return form if isinstance(form, dict) and form.keys() <= _FORM_KEYS else None
