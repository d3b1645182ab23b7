"""A started sender, and requests for it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from worker.aiohttp_sender import AiohttpSender
from worker.egress import EgressPolicy
from worker.outcome import Outcome, OutcomeKind
from worker.request import OutgoingRequest

DONE = Outcome(OutcomeKind.DONE, 200)


@contextlib.asynccontextmanager
async def sending(
    egress: EgressPolicy = EgressPolicy.ANY, *, target_ca: Path | None = None, max_connections: int = 0
) -> AsyncIterator[AiohttpSender]:
    """A sender for the time of a test."""
    sender = AiohttpSender(egress, target_ca=target_ca, max_connections=max_connections)
    await sender.start()
    try:
        yield sender
    finally:
        await sender.stop()


def request_to(
    url: str | int,
    *headers: tuple[str, str],
    method: str = "POST",
    body: bytes = b"",
    deadline_us: int = 30_000_000,
) -> OutgoingRequest:
    """A request to a URL, or to the root of a target on this port."""
    if isinstance(url, int):
        url = f"http://127.0.0.1:{url}/"
    return OutgoingRequest(method, url, list(headers), body, deadline_us)
