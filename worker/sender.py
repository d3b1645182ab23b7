"""The seam between the dispatcher and HTTP: one attempt in, one outcome out."""

from typing import Protocol

from worker.outcome import Outcome
from worker.request import OutgoingRequest


class Sender(Protocol):
    """Sends requests. Any number of sends may run at once; connections are kept and reused.

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

    async def start(self) -> None:
        """Get ready in the running loop. Raises StartupError if the configuration cannot work."""

    async def stop(self) -> None:
        """Close all connections. Sends that still run end as `no_connection`."""

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Make one attempt. Cancelling it drops its connection at once."""
