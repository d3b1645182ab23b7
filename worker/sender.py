"""The seam between the dispatcher and HTTP: one attempt in, one outcome out."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from worker.outcome import Outcome
from worker.request import OutgoingRequest


class Sending(Protocol):
    """An attempt under way."""

    def abort(self) -> None:
        """Drop its connection at once. There is no outcome then; once there was one this does nothing.

        If something goes on in its place, that is aborted.
        """


Done = Callable[[Outcome], Sending | None]
"""Is told an outcome, and answers what goes on in place of the attempt, if it goes on."""


class Sender(ABC):
    """Sends requests. Any number of them may be under way at once; connections are kept and reused.

    Whatever a target does ends in an Outcome, never in an exception:

    * The request's deadline covers everything from waiting for a connection to the end of the answer's body;
      when it passes, the connection is dropped and the outcome is a timeout.
    * Name resolution, connect, TLS and a connection that breaks or speaks no HTTP end as `no_connection`;
      an address outside the egress policy as `refused`, without a packet sent.
    * Redirects are not followed. Size limits bound the answer's header and body; a header beyond them is no
      answer, a body beyond them costs the connection but the status counts.
    * A kept connection that breaks before any answer had most likely been closed by the target already: the
      request is sent once more, on a new connection and within the same deadline, whatever its method. So a
      target may see an attempt twice, which at-least-once delivery allows. A new connection that breaks is
      a failed attempt.
    """

    @abstractmethod
    async def start(self) -> None:
        """Get ready in the running loop. Raises StartupError if the configuration cannot work."""

    @abstractmethod
    async def stop(self) -> None:
        """Close all connections. Attempts that are still under way end as `no_connection`."""

    @abstractmethod
    def begin(self, request: OutgoingRequest, done: Done) -> Sending:
        """Begin one attempt. Its outcome is told once, by `done`, and never before this has returned."""

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Make one attempt. Cancelling it drops its connection at once."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        sending = self.begin(request, outcome.set_result)
        try:
            return await outcome
        except asyncio.CancelledError:
            sending.abort()
            raise
