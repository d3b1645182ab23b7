"""Following redirects of HTTP tasks (Cloud Tasks specification, 5.5).

A chain of redirects is one attempt: its last answer decides, its deadline covers all. How many hops Google follows, and
how methods change, is not published; five hops and the rules of RFC 9110 are ours.
"""

import time
from dataclasses import replace
from functools import partial
from urllib.parse import urljoin, urlsplit

from worker.outcome import TIMED_OUT, Outcome
from worker.request import OutgoingRequest
from worker.sender import Done, Sender, Sending

MOST_HOPS = 5

_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language"})
_KEEPS_METHOD = (307, 308)
_REDIRECTS = (301, 302, 303, *_KEEPS_METHOD)
_PORTS = {"http": 80, "https": 443}


class RedirectFollower(Sender):
    """A Sender that follows what another one is told. The other one checks each address like any other."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def start(self) -> None:
        """Nothing of its own: whoever made the other sender starts it."""

    async def stop(self) -> None:
        """Nothing of its own."""

    def begin(self, request: OutgoingRequest, done: Done) -> Sending:
        """Begin one attempt, through at most five redirects."""
        return self._begin(request, done, MOST_HOPS)

    def _begin(self, request: OutgoingRequest, done: Done, hops: int) -> Sending:
        return self._sender.begin(request, partial(self._answered, request, done, hops, time.monotonic()))

    def _answered(
        self, request: OutgoingRequest, done: Done, hops: int, begun_s: float, outcome: Outcome
    ) -> Sending | None:
        """The request has an outcome; `hops` more may follow."""
        following = next_request(request, outcome) if outcome.location and hops else None
        if following is None:
            return done(outcome)
        left_us = following.shape.deadline_us - round((time.monotonic() - begun_s) * 1e6)
        if left_us <= 0:
            return done(TIMED_OUT)
        following = following._replace(shape=replace(following.shape, deadline_us=left_us))
        return self._begin(following, done, hops - 1)


def next_request(request: OutgoingRequest, outcome: Outcome) -> OutgoingRequest | None:
    """The request a redirect asks for; None if the outcome is no redirect, or has no http or https location.

    307 and 308 keep method and body. 303 asks for GET, and so do 301 and 302 of a POST, as every client reads them.
    Credentials do not follow to another origin.
    """
    if not outcome.location or outcome.status not in _REDIRECTS:
        return None
    shape = request.shape
    try:
        url = urljoin(shape.url, outcome.location)
    except ValueError:
        return None
    if _origin(url) is None:
        return None
    method, dropped = shape.method, frozenset[str]()
    becomes_get = outcome.status == 303 or (outcome.status not in _KEEPS_METHOD and method == "POST")
    if becomes_get and method != "HEAD":
        method, dropped = "GET", _BODY_HEADERS
        request = request._replace(body=b"")
    if _origin(url) != _origin(shape.url):
        dropped |= {"authorization"}
    headers = tuple((name, value) for name, value in shape.headers if name.lower() not in dropped)
    return request._replace(shape=replace(shape, url=url, method=method, headers=headers))


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
