"""How long the caller of the running call still waits: the deadline of gRPC, a header on HTTP."""

import asyncio
import math
from contextvars import ContextVar

SERVER_TIMEOUT_HEADER = "X-Server-Timeout"
"""The header in which HTTP clients say how many seconds they wait."""

_until_s: ContextVar[float | None] = ContextVar("deadline", default=None)


def set_deadline(remaining_s: float | None) -> None:
    """Say of the running call how long its caller waits from now on; None is not known."""
    _until_s.set(None if remaining_s is None else asyncio.get_running_loop().time() + remaining_s)


def remaining_s() -> float | None:
    """How long the caller still waits (seconds, at least 0); None if it did not say."""
    until_s = _until_s.get()
    return None if until_s is None else max(0.0, until_s - asyncio.get_running_loop().time())


def read_timeout_s(text: str | None) -> float | None:
    """The seconds in a header, None if it is absent or holds something else."""
    if not text:
        return None
    try:
        timeout_s = float(text)
    except ValueError:
        return None
    return timeout_s if math.isfinite(timeout_s) and timeout_s > 0 else None
