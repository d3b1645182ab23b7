"""Protobuf -> JSON text, as Google's REST front end writes it (section 3.2)."""

import json
from json.encoder import encode_basestring
from typing import Any

from broker.api.json_fields import object_of

_INDENT = "  "
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def message_object(message: Any, *, enum_integers: bool) -> dict[str, Any]:
    """The JSON object of a message: default values left out, whole numbers without a fraction."""
    fields: dict[str, Any] = object_of(message, enum_integers)
    return fields


def json_text(value: Any, *, pretty: bool) -> str:
    """JSON text, indented by two spaces if pretty, with a line end."""
    return (_indented(value, "\n") if pretty else _compact.encode(value)) + "\n"


def _indented(value: Any, line: str) -> str:
    """What json.dumps makes with an indent, at a fraction of the cost. `line` ends a line and indents the next."""
    if isinstance(value, str):
        return encode_basestring(value)
    inner = line + _INDENT
    if isinstance(value, dict) and value:
        items = [f"{encode_basestring(name)}: {_indented(item, inner)}" for name, item in value.items()]
        return f"{{{inner}{(',' + inner).join(items)}{line}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{inner}{(',' + inner).join([_indented(item, inner) for item in value])}{line}]"
    return _compact.encode(value)
