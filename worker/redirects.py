"""Following redirects of HTTP tasks (Cloud Tasks specification, 5.5).

A chain of redirects is one attempt: its last answer decides, its deadline covers all. How many hops Google follows, and
how methods change, is not published; five hops and the rules of RFC 9110 are ours.
"""

import time
from dataclasses import replace
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
        return _Chain(self._sender, request, done)


class _Chain:
    """An attempt on its way from one redirect to the next."""

    __slots__ = ("_begun_s", "_done", "_hops", "_request", "_sender", "_sending")

    def __init__(self, sender: Sender, request: OutgoingRequest, done: Done) -> None:
        self._sender, self._request, self._done = sender, request, done
        self._hops = 0
        self._begun_s = time.monotonic()
        self._sending = sender.begin(request, self._answered)

    def abort(self) -> None:
        """Drop the connection of the request under way."""
        self._sending.abort()

    def _answered(self, outcome: Outcome) -> None:
        following = None
        if outcome.location and self._hops < MOST_HOPS:
            following = next_request(self._request, outcome)
        if following is None:
            self._done(outcome)
            return
        self._hops += 1
        now_s = time.monotonic()
        left_us = following.shape.deadline_us - round((now_s - self._begun_s) * 1e6)
        if left_us <= 0:
            self._done(TIMED_OUT)
            return
        self._begun_s = now_s
        self._request = following._replace(shape=replace(following.shape, deadline_us=left_us))
        self._sending = self._sender.begin(self._request, self._answered)


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
