"""Single texts of a queue file -> values (section 8.1). Each raises HeadraceError for a text that is none."""

import re

from broker.model.task import AppEngineRouting
from broker.service.queue_file.problems import invalid, quoted
from broker.service.queue_file.tree import Scalar

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
"""Seconds in each unit of a rate and of an age."""

_LARGEST_WHOLE = 2**31 - 1
_LARGEST_SECONDS = 9_007_199_254
_whole = re.compile(r"[-+]?[0-9]+")
_number = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_rate = re.compile(r"([0-9]+(?:\.[0-9]*)?)/([smhd])")
_age = re.compile(r"(-?[0-9]+(?:\.[0-9]*)?)([smhd])")
_target = re.compile(r"(?:((?!-)[a-z0-9-]{1,100})\.)?((?!-)[a-z0-9-]{1,63})")
_storage = re.compile(r"[0-9]+(\.[0-9]*)?[BKMGT]?")
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def per_second(scalar: Scalar) -> float:
    """A rate such as 5/s or 2.5/m, to nine digits behind the point; 0 stands alone or with a unit."""
    if scalar.text == "0":
        return 0.0
    match = _rate.fullmatch(scalar.text)
    if not match:
        raise _not_a("rate", "0, or a number and a unit as in 5/s, 30/m, 100/h or 1/d", scalar)
    number = _finite(match[1], "rate", scalar)
    rate = round(number / SECONDS[match[2]], 9)
    if number and not rate:
        raise invalid("Refill rate must be at least 0.000000001 per second, or 0", scalar.line)
    return rate


def age_us(scalar: Scalar) -> int:
    """A task_age_limit such as 2d, in microseconds."""
    match = _age.fullmatch(scalar.text)
    if not match:
        raise _not_a("task_age_limit", "a number and a unit as in 30s, 5m, 1.5h or 2d", scalar)
    return _microseconds(_finite(match[1], "task_age_limit", scalar) * SECONDS[match[2]], "task_age_limit", scalar)


def seconds_us(key: str, scalar: Scalar) -> int:
    """A number of seconds, which may have a fraction, in microseconds."""
    if not _number.fullmatch(scalar.text):
        raise _not_a(key, "a number of seconds", scalar)
    return _microseconds(_finite(scalar.text, key, scalar), key, scalar)


def whole(key: str, scalar: Scalar) -> int:
    """A whole number of 32 bits."""
    if not _whole.fullmatch(scalar.text):
        raise _not_a(key, "a whole number", scalar)
    if len(scalar.text) > 20 or abs(int(scalar.text)) > _LARGEST_WHOLE:
        raise invalid(f"{key} must be at most {_LARGEST_WHOLE}", scalar.line)
    return int(scalar.text)


def truth(key: str, scalar: Scalar) -> bool:
    """A truth value in any of YAML's words."""
    value = _TRUTHS.get(scalar.text.lower())
    if value is None:
        raise _not_a(key, "true or false", scalar)
    return value


def routing(scalar: Scalar) -> AppEngineRouting:
    """A target: `service`, or `version.service`."""
    match = _target.fullmatch(scalar.text)
    if not match:
        raise _not_a("target", "service or version.service, in lower-case letters, digits and hyphens", scalar)
    return AppEngineRouting(service=match[2], version=match[1] or "")


def is_target(text: str) -> bool:
    """Whether a text can stand as a target."""
    return _target.fullmatch(text) is not None


def check_storage_limit(scalar: Scalar) -> None:
    """A size such as 120M. It has no effect: Redis's memory is the limit."""
    if not _storage.fullmatch(scalar.text):
        raise _not_a("total_storage_limit", "a number and B, K, M, G or T, as in 120M", scalar)


def _finite(text: str, key: str, scalar: Scalar) -> float:
    number = float(text)
    if abs(number) > _LARGEST_SECONDS * SECONDS["d"]:
        raise invalid(f"{key} is too large: {quoted(scalar.text)}", scalar.line)
    return number


def _microseconds(seconds: float, key: str, scalar: Scalar) -> int:
    if abs(seconds) > _LARGEST_SECONDS:
        raise invalid(f"{key} must be at most {_LARGEST_SECONDS} seconds", scalar.line)
    return round(seconds * 1_000_000)


def _not_a(key: str, description: str, scalar: Scalar) -> Exception:
    return invalid(f"{key} must be {description}; got {quoted(scalar.text)}", scalar.line)
