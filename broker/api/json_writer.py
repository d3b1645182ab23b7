"""Protobuf -> JSON text, as Google's REST front end writes it (section 3.2)."""

import json
from typing import Any

from google.protobuf import json_format


def message_object(message: Any, *, enum_integers: bool) -> dict[str, Any]:
    """The JSON object of a message: default values left out, whole numbers without a fraction."""
    fields = json_format.MessageToDict(message, use_integers_for_enums=enum_integers)
    return {name: _plain(value) for name, value in fields.items()}


def json_text(value: Any, *, pretty: bool) -> str:
    """JSON text, indented by two spaces if pretty, with a line end."""
    text = json.dumps(
        value, ensure_ascii=False, indent=2 if pretty else None, separators=None if pretty else (",", ":")
    )
    return text + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
