"""Following redirects of HTTP tasks (Cloud Tasks specification, 5.5).

A chain of redirects is one attempt: its last answer decides, its deadline covers all. How many hops Google follows, and
how methods change, is not published; five hops and the rules of RFC 9110 are ours.
"""

import asyncio
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from worker.outcome import TIMED_OUT, Outcome
from worker.request import OutgoingRequest
from worker.sender import Sender

MOST_HOPS = 5

_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language"})
_KEEPS_METHOD = (307, 308)
_REDIRECTS = (301, 302, 303, *_KEEPS_METHOD)
_PORTS = {"http": 80, "https": 443}


class RedirectFollower:
    """A Sender that follows what another one is told. The other one checks each address like any other."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def start(self) -> None:
        """Nothing of its own: whoever made the other sender starts it."""

    async def stop(self) -> None:
        """Nothing of its own."""

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Make one attempt, through at most five redirects."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + request.deadline_us / 1e6
        outcome = await self._sender.send(request)
        for _ in range(MOST_HOPS):
            following = next_request(request, outcome)
            if following is None:
                return outcome
            left_us = round((ends_s - loop.time()) * 1e6)
            if left_us <= 0:
                return TIMED_OUT
            request = replace(following, deadline_us=left_us)
            outcome = await self._sender.send(request)
        return outcome


def next_request(request: OutgoingRequest, outcome: Outcome) -> OutgoingRequest | None:
    """The request a redirect asks for; None if the outcome is no redirect, or has no http or https location.

    307 and 308 keep method and body. 303 asks for GET, and so do 301 and 302 of a POST, as every client reads them.
    Credentials do not follow to another origin.
    """
    if outcome.status not in _REDIRECTS or not outcome.location:
        return None
    try:
        url = urljoin(request.url, outcome.location)
    except ValueError:
        return None
    if _origin(url) is None:
        return None
    headers, method, body = request.headers, request.method, request.body
    becomes_get = outcome.status == 303 or (outcome.status not in _KEEPS_METHOD and method == "POST")
    if becomes_get and method != "HEAD":
        method, body = "GET", b""
        headers = [(name, value) for name, value in headers if name.lower() not in _BODY_HEADERS]
    if _origin(url) != _origin(request.url):
        headers = [(name, value) for name, value in headers if name.lower() != "authorization"]
    return replace(request, url=url, method=method, headers=headers, body=body)


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an http or https URL, else None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
