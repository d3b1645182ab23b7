"""The values that a filter compares fields with, read as what the field holds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from broker.service import our_texts
from broker.service.filter.schema import Field, Kind

_number = re.compile(r"[-+]?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?")
_duration = re.compile(r"[-+]?[0-9]{1,12}(\.[0-9]{1,9})?s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_literal(field: Field, text: str, path: str) -> Any:
    """The value that a text stands for, comparable with those of the field. Raises INVALID_ARGUMENT."""
    if field.kind is Kind.NAME:
        name = text.upper()
        if name not in field.names:
            raise our_texts.filter_invalid(f'{path} is one of {", ".join(sorted(field.names))}, not "{text}"')
        return name
    read, form = _READERS[field.kind]
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise our_texts.filter_invalid(f'{path} is compared with {form}, not "{text}"') from None


def _read_number(text: str) -> float:
    if not _number.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _read_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _read_duration_us(text: str) -> Decimal:
    if not _duration.fullmatch(text):
        raise ValueError(text)
    return Decimal(text[:-1]) * 1_000_000


def _read_timestamp_us(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


_READERS: dict[Kind, tuple[Callable[[str], Any], str]] = {
    Kind.TEXT: (str, "a text"),
    Kind.NUMBER: (_read_number, "a number"),
    Kind.BOOLEAN: (_read_boolean, "true or false"),
    Kind.DURATION: (_read_duration_us, "seconds, as in 10s or 0.5s"),
    Kind.TIMESTAMP: (_read_timestamp_us, "a moment, as in 2030-01-31T12:00:00Z"),
}
"""For each kind what reads a value, and the form that it has."""
