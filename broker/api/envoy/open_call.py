"""A call that is being answered, which its deadline or the caller's leaving may end."""

import asyncio

from broker.api.envoy.asgi import Receive


class OpenCall:
    """One call, from the task that answers it."""

    __slots__ = ("_loop", "_task", "_until_s", "is_gone", "is_late", "is_read", "receive")

    def __init__(self, receive: Receive, timeout_s: float | None) -> None:
        self.receive = receive
        self.is_read = False
        """The whole request was received."""
        self.is_late = False
        """It was cancelled for its deadline."""
        self.is_gone = False
        """It was cancelled because nobody waits for its answer."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._until_s = None if timeout_s is None else self._loop.time() + timeout_s

    @property
    def remaining_s(self) -> float | None:
        """How long the caller still waits; None if it did not say."""
        return None if self._until_s is None else max(0.0, self._until_s - self._loop.time())

    def expire(self) -> None:
        """Cancels the task if the request was read and its deadline has passed."""
        if self.is_read and self._until_s is not None and self._until_s <= self._loop.time():
            assert self._task is not None
            self.is_late = self._task.cancel()

    async def look(self) -> None:
        """Asks whether the caller has gone, and cancels the task if so."""
        # While the request is read this would take a part of it; and then a caller who goes is noticed anyway.
        if self.is_read and (await self.receive())["type"] == "http.disconnect":
            assert self._task is not None
            self.is_gone = self._task.cancel()
