"""Waiting for a state that no signal announces: look again until it holds or the deadline has passed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")

DEADLINE_S = 15.0
_POLL_S = 0.01


def eventually(look: Callable[[], Value], deadline_s: float = DEADLINE_S) -> Value:
    """The first truthy answer of `look`. Fails with the last answer once the deadline has passed."""
    end = time.monotonic() + deadline_s
    while not (value := look()):
        assert time.monotonic() < end, f"still {value!r} after {deadline_s} s: {look}"
        time.sleep(_POLL_S)
    return value


async def eventually_async(look: Callable[[], Awaitable[Value]], deadline_s: float = DEADLINE_S) -> Value:
    """`eventually` for a coroutine function, which leaves the event loop free while it waits."""
    end = time.monotonic() + deadline_s
    while not (value := await look()):
        assert time.monotonic() < end, f"still {value!r} after {deadline_s} s: {look}"
        await asyncio.sleep(_POLL_S)
    return value
