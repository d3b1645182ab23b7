"""What the headers of a gRPC call say, and how the outcome is said in trailers."""

from urllib.parse import quote

_UNITS_S = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MOST_DIGITS = 8
_UNQUOTED = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def timeout_s(text: bytes | None) -> float | None:
    """The seconds of a `grpc-timeout`; None if there is none or it says nothing."""
    if not text:
        return None
    number, unit = text[:-1], chr(text[-1])
    if unit not in _UNITS_S or not number.isdigit() or len(number) > _MOST_DIGITS:
        return None
    return int(number) * _UNITS_S[unit]


def message_header(message: str) -> bytes:
    """A `grpc-message`: percent-encoded UTF-8."""
    return quote(message, safe=_UNQUOTED, errors="replace").encode()
