"""Timestamps and durations of the wire <-> int microseconds of the model. Finer digits are cut off."""

from typing import Any

from google.protobuf import duration_pb2, timestamp_pb2

from broker.errors import Code, HeadraceError

_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_799
_LONGEST_S = 315_576_000_000
_NANOS = 1_000_000_000


def read_timestamp_us(parent: Any, field: str, where: str) -> int | None:
    """The Timestamp in a message's field, None if unset. `where` is the path named in an error."""
    if not parent.HasField(field):
        return None
    value = getattr(parent, field)
    if not (_EARLIEST_S <= value.seconds <= _LATEST_S and 0 <= value.nanos < _NANOS):
        raise _out_of_range(where, "Timestamp", "timestamps must lie between the years 1 and 9999")
    return int(value.seconds) * 1_000_000 + int(value.nanos) // 1000


def read_duration_us(parent: Any, field: str, where: str) -> int | None:
    """The Duration in a message's field, None if unset. `where` is the path named in an error."""
    if not parent.HasField(field):
        return None
    value = getattr(parent, field)
    opposed = value.seconds * value.nanos < 0
    if opposed or abs(value.seconds) > _LONGEST_S or abs(value.nanos) >= _NANOS:
        raise _out_of_range(where, "Duration", "durations must be shorter than 10000 years, of one sign")
    total = int(value.seconds) * _NANOS + int(value.nanos)
    return total // 1000 if total >= 0 else -(-total // 1000)


def write_time(message: Any, time_us: int) -> None:
    """Make an empty Timestamp, or Duration of a span that is not negative, this long, to the microsecond."""
    message.seconds, message.nanos = time_us // 1_000_000, time_us % 1_000_000 * 1000


def timestamp(moment_us: int) -> timestamp_pb2.Timestamp:
    """A Timestamp to the microsecond."""
    return timestamp_pb2.Timestamp(seconds=moment_us // 1_000_000, nanos=moment_us % 1_000_000 * 1000)


def duration(span_us: int) -> duration_pb2.Duration:
    """A Duration, to the microsecond, of a span that is not negative."""
    return duration_pb2.Duration(seconds=span_us // 1_000_000, nanos=span_us % 1_000_000 * 1000)


def _out_of_range(where: str, kind: str, rule: str) -> HeadraceError:
    text = f"Invalid value at '{where}' (type.googleapis.com/google.protobuf.{kind}), {rule}."
    return HeadraceError(Code.INVALID_ARGUMENT, text)
