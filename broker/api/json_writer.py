"""JSON text as Google's REST front end writes it: pretty, or compact (section 3.2)."""

import json
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

PRETTY, COMPACT = "\n", ""
"""The lines that texts begin with: see `value_text`."""
_INDENT = "  "
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def value_text(value: Any, line: str) -> str:
    """What json.dumps makes, with an indent at a fraction of the cost.

    `line` ends a line and indents the next as far as the value is; the empty line stands for compact text.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if not line or not value:
        return _compact.encode(value)
    inner = next_line(line)
    if isinstance(value, dict):
        members = [f"{encode_basestring(name)}: {value_text(item, inner)}" for name, item in value.items()]
        return enclosed("{", members, "}", line)
    if isinstance(value, list | tuple):
        return enclosed("[", [value_text(item, inner) for item in value], "]", line)
    return _compact.encode(value)


def next_line(line: str) -> str:
    """The line of what is inside of a value that has this one."""
    return line and line + _INDENT


def enclosed(opening: str, parts: Sequence[str], closing: str, line: str) -> str:
    """The text of an object or a list, of those of its members."""
    if not parts:
        return opening + closing
    inner = next_line(line)
    return f"{opening}{inner}{(',' + inner).join(parts)}{line}{closing}"
