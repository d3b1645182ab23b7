"""What time it is at a server, estimated from its answers: its clock and the node's may differ, but run alike."""

_BELIEVED_FOR_S = 10.0


class ServerClock:
    """The clock of one server as a node knows it. Never ahead, unless the server's was set back a moment ago.

    An answer is late by the way it took, so of several that tell the time the one that makes it latest is the best.
    """

    def __init__(self) -> None:
        self._ahead_us = 0
        """The server's time less the event loop's."""
        self._heard_s = float("-inf")

    def hear(self, now_us: int, loop_s: float) -> None:
        """An answer that arrived at `loop_s` by the event loop's clock said that it was `now_us`."""
        ahead_us = now_us - round(loop_s * 1e6)
        if ahead_us >= self._ahead_us or loop_s - self._heard_s > _BELIEVED_FOR_S:
            self._ahead_us, self._heard_s = ahead_us, loop_s

    def at_us(self, loop_s: float) -> int:
        """The server's time when it is `loop_s` by the event loop's clock."""
        return self._ahead_us + round(loop_s * 1e6)
