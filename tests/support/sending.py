"""A started sender, and requests for it."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from worker.aiohttp_sender import AiohttpSender
from worker.egress import EgressPolicy
from worker.http1.sender import Http1Sender
from worker.outcome import Outcome, OutcomeKind
from worker.request import OutgoingRequest

DONE = Outcome(OutcomeKind.DONE, 200)

SENDERS = (Http1Sender, AiohttpSender)
"""Both are held to the same tests; the second is the reference."""
AnySender = Http1Sender | AiohttpSender

_in_use: type[AnySender] = Http1Sender


@contextlib.contextmanager
def sending_by(sender: type[AnySender]) -> Iterator[None]:
    """Let `sending` start this kind of sender."""
    global _in_use
    before, _in_use = _in_use, sender
    yield
    _in_use = before


@contextlib.asynccontextmanager
async def sending(egress: EgressPolicy = EgressPolicy.ANY, **options: Any) -> AsyncIterator[AnySender]:
    """A sender for the time of a test. `options` are those of both senders."""
    sender = _in_use(egress, **options)
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
    return OutgoingRequest.of(method, url, headers, body, deadline_us)
