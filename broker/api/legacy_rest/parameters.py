"""The parameters of a legacy call, in its query or in a form body (5.1)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from broker.api.json_scalars import shown
from broker.api.legacy_rest.faults import invalid, required

_FORM = "application/x-www-form-urlencoded"
_BOOLEANS = {"true": True, "false": False}
_integer = re.compile(r"[+-]?[0-9]{1,10}")
_INT32 = (-(2**31), 2**31 - 1)


class Parameters:
    """Words by name. A method raises INVALID_ARGUMENT for a word that is not what it has to be."""

    def __init__(self, query: Mapping[str, str], form: Mapping[str, str] | None = None) -> None:
        """The query wins over the form."""
        self._words = {**(form or {}), **query}

    def text(self, name: str) -> str | None:
        """The parameter, None if it is absent."""
        return self._words.get(name)

    def integer(self, name: str) -> int:
        """A 32-bit number that must be there."""
        word = self._words.get(name)
        if not word:
            raise required(name)
        if not _integer.fullmatch(word) or not _INT32[0] <= int(word) <= _INT32[1]:
            raise invalid(f"Invalid value for parameter {name}: {shown(word)} is not a 32-bit integer.")
        return int(word)

    def boolean(self, name: str) -> bool:
        """The word `true` or `false`; false if it is absent."""
        word = self._words.get(name) or "false"
        if word.lower() not in _BOOLEANS:
            raise invalid(f"Invalid value for parameter {name}: {shown(word)} is neither true nor false.")
        return _BOOLEANS[word.lower()]


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """The words of a form body; none if the body is something else."""
    if content_type != _FORM:
        return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise invalid("The form in the request body cannot be read.") from None
