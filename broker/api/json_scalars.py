"""Single JSON values -> protobuf scalars, with the error texts of Google's REST front end."""

import binascii
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from google.protobuf.descriptor import FieldDescriptor

from broker.errors import Code, FieldViolation, HeadraceError

_LONGEST_SHOWN = 200
_TYPE_NAMES = {value: name for name, value in vars(FieldDescriptor).items() if name.startswith("TYPE_")}
_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON has no digits for, as strings."""
_digits = re.compile(r"[+-]?[0-9]+")
_decimal = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def refuse(where: str, text: str) -> NoReturn:
    """Raises INVALID_ARGUMENT with a BadRequest detail about the field at `where`."""
    raise HeadraceError(Code.INVALID_ARGUMENT, text, FieldViolation(where, text))


def refuse_value(where: str, kind: str, value: Any, reason: str = "") -> NoReturn:
    """Raises INVALID_ARGUMENT: the value does not fit the type, or `reason` says what is wrong with it."""
    refuse(where, f"Invalid value at '{where}' ({kind}), {reason or shown(value)}")


def shown(value: Any) -> str:
    """A JSON value in an error message: cut off if long, encodable even if it is not."""
    text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def message_kind(descriptor: Any) -> str:
    """How error texts call a message or enum type."""
    return f"type.googleapis.com/{descriptor.full_name}"


@lru_cache(maxsize=1024)
def scalar_reader(field: Any) -> Callable[[Any, str], Any]:
    """What makes of a JSON value, and of its path in the request, the Python value of a scalar or enum field."""
    enum, kind = field.enum_type, _TYPE_NAMES[field.type]
    if enum is not None:
        return lambda value, where: _enum(value, enum, where)
    if kind == "TYPE_BYTES":
        return _bytes

    def read(value: Any, where: str) -> Any:
        try:
            return _READERS[kind](value)
        except (ValueError, OverflowError, KeyError):
            refuse_value(where, kind, value)

    return read


def _enum(value: Any, enum: Any, where: str) -> int:
    numbers = _numbers(enum)
    if isinstance(value, str) and value in numbers:
        return numbers[value]
    try:
        if isinstance(value, str) and not _digits.fullmatch(value):
            raise ValueError
        return _integer(value, *_INT32)
    except ValueError:
        refuse_value(where, message_kind(enum), value)


@lru_cache(maxsize=64)
def _numbers(enum: Any) -> dict[str, int]:
    """The numbers of an enum by name. The descriptor's own map fails for text that is not Unicode."""
    return {value.name: value.number for value in enum.values}


def _bytes(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        refuse_value(where, "TYPE_BYTES", value)
    try:
        return binascii.a2b_base64(value, strict_mode=True)  # as most callers write it
    except ValueError:
        pass
    digits = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except ValueError:
        refuse_value(where, "TYPE_BYTES", value, f"Base64 decoding failed for {shown(value)}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    value.encode()
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _integer(value: Any, lowest: int, highest: int) -> int:
    """A whole number, as a number or in a string, which may have an exponent or a fraction of zeros."""
    if isinstance(value, str) and _digits.fullmatch(value):
        value = int(value)
    number = value if isinstance(value, int) and not isinstance(value, bool) else _whole(_number(value))
    if not lowest <= number <= highest:
        raise ValueError
    return number


def _whole(number: float) -> int:
    if not number.is_integer():
        raise ValueError
    return int(number)


def _number(value: Any) -> float:
    """A number, as a number or in a string; one that is not finite only by its name."""
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if isinstance(value, str) and not _decimal.fullmatch(value):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


_READERS: dict[str, Callable[[Any], Any]] = {
    "TYPE_STRING": _string,
    "TYPE_BOOL": _bool,
    "TYPE_DOUBLE": _number,
    "TYPE_FLOAT": _number,
    "TYPE_INT32": lambda value: _integer(value, *_INT32),
    "TYPE_INT64": lambda value: _integer(value, *_INT64),
    "TYPE_UINT32": lambda value: _integer(value, 0, 2**32 - 1),
    "TYPE_UINT64": lambda value: _integer(value, 0, 2**64 - 1),
}
