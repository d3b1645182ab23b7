"""The sender on aiohttp's client: the reference that `worker/http1` is held against. Dispatchers do not use it."""

import asyncio
import contextlib
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from worker.egress import EgressError, EgressPolicy
from worker.http1.location import locate
from worker.http1.proxy import ProxyChoice
from worker.outcome import TIMED_OUT, Outcome, Reason, answered, unanswered
from worker.request import OutgoingRequest
from worker.resolver import Resolver
from worker.rewrite import Rewrites
from worker.sender import Done, Sender, Sending
from worker.target_tls import TargetTls

CONNECT_S = 10.0
"""Longest wait for TCP and TLS, so that a black hole does not hold a slot for the whole deadline."""
BODY_BYTES = 1024 * 1024
"""How much of an answer's body is read. Its header is bounded by aiohttp: 128 lines of 8190 bytes."""
DETAIL_LENGTH = 300
"""Longest `Outcome.detail`: it may quote what a target sent."""

_NOT_OURS_TO_ADD = ("Accept", "Accept-Encoding", "Content-Type")
_URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"


class _BrokenConnectionError(Exception):
    """The connection broke before there was an answer. No ClientError: aiohttp repeats those on its own."""


class _KeptConnectionError(_BrokenConnectionError):
    """The same on a connection that had served before."""


_FAILURES = (
    aiohttp.ClientError,
    HttpProcessingError,
    _BrokenConnectionError,
    OSError,
    ValueError,
    RuntimeError,
)
"""What a target or a bad URL can cause. uvloop raises RuntimeError where others raise OSError."""

_served: "weakref.WeakSet[ResponseHandler]" = weakref.WeakSet()
"""Connections on which an answer has been received."""


class _Response(aiohttp.ClientResponse):
    """A response that tells a broken new connection from a broken kept one, and that is abandoned at once."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol
        try:
            await super().start(connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            # aiohttp hands over what it got of an answer in place of a text.
            if isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str):
                raise _BrokenConnectionError("the connection was closed within the answer's header") from error
            kept = protocol in _served
            raise (_KeptConnectionError if kept else _BrokenConnectionError)(_one_line(error)) from error
        if protocol is not None:
            _served.add(protocol)
        return self

    def close(self) -> None:
        # A plain close waits until the target has taken all unsent bytes, which a hostile one never does.
        connection = self.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        super().close()


class AiohttpSender(Sender):
    """A Sender made of aiohttp's client: what ours is measured against."""

    def __init__(
        self,
        egress: EgressPolicy,
        *,
        target_ca: Path | None = None,
        target_tls: Mapping[str, str] | None = None,
        rewrites: Mapping[str, str] | None = None,
        proxy: str = "",
        no_proxy: Iterable[str] = (),
    ) -> None:
        """All as the settings of these names: `target_tls` and `rewrites` by address, `no_proxy` addresses.

        Here the proxy is one without TLS, and looks names up. A policy that has a say lets nothing through it.
        """
        self._egress = egress
        self._target_ca, self._target_tls = target_ca, target_tls or {}
        self._rewrites = Rewrites.of(rewrites or {})
        self._proxy, self._no_proxy = proxy, tuple(no_proxy)
        self._sessions: dict[tuple[str, bool], aiohttp.ClientSession] = {}
        self._open = contextlib.AsyncExitStack()
        self._stopping = False

    async def start(self) -> None:
        """Get ready in the running loop. Raises StartupError if a file of certificates is not usable."""
        self._tls = TargetTls(self._target_ca, self._target_tls)
        self._proxies = ProxyChoice(self._proxy, self._no_proxy, self._tls.context)
        self._resolver = Resolver()
        self._open.push_async_callback(self._resolver.close)

    async def stop(self) -> None:
        """Close all connections."""
        self._stopping = True
        await self._open.aclose()

    def begin(self, request: OutgoingRequest, done: Done) -> Sending:
        """Begin one attempt."""
        return _Attempt(asyncio.create_task(self._send(request)), done)

    async def _send(self, request: OutgoingRequest) -> Outcome:
        try:
            async with asyncio.timeout(request.shape.deadline_us / 1e6):
                return await self._attempt(request)
        except TimeoutError:
            return TIMED_OUT

    async def _attempt(self, request: OutgoingRequest) -> Outcome:
        try:
            try:
                return await self._exchange(request, keep=True)
            except _KeptConnectionError:
                return await self._exchange(request, keep=False)
        except _FAILURES as error:
            refused = isinstance(getattr(error, "os_error", None), EgressError)
            return unanswered(Reason.REFUSED if refused else Reason.NO_CONNECTION, _one_line(error))

    async def _exchange(self, request: OutgoingRequest, *, keep: bool) -> Outcome:
        """One request and its answer. Raises one of _FAILURES."""
        headers, server_name = request.headers, None
        connect_to = self._rewrites.connect_to(request.shape.url)
        if connect_to != request.shape.url:
            meant = _url(request.shape.url)
            server_name = meant.raw_host
            headers = _with_host(headers, meant.host_port_subcomponent or "")
        url = _url(connect_to)
        if url.raw_user is not None and any(name.lower() == "authorization" for name, _ in headers):
            url = url.with_user(None)
        socket_path = self._rewrites.socket_path(request.shape.url)
        proxied = not socket_path and self._proxies.proxy_to(locate(connect_to))
        session = await self._session(socket_path, keep=keep)
        response = await session.request(
            request.shape.method,
            url,
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
            ssl=self._tls.context(request.shape.url, connect_to),
            server_hostname=server_name,
            proxy=self._proxy if proxied else None,
        )
        try:
            await _discard_body(response)
        finally:
            response.close()  # has no effect on a connection that went back to the pool
        answer = response.headers
        now_us = time.time_ns() // 1000
        retry_after, date, location = (answer.get(name) for name in ("Retry-After", "Date", "Location"))
        return answered(response.status, retry_after, date, now_us, location=location)

    async def _session(self, socket_path: str, *, keep: bool) -> aiohttp.ClientSession:
        """The session for connections of a kind."""
        if self._stopping:
            raise ConnectionError("the dispatcher is stopping")
        known = self._sessions.get((socket_path, keep))
        if known is None:
            made = self._made_session(self._connector(socket_path, keep=keep))
            known = self._sessions[socket_path, keep] = await self._open.enter_async_context(made)
        return known

    def _connector(self, socket_path: str, *, keep: bool) -> aiohttp.BaseConnector:
        if socket_path:
            return aiohttp.UnixConnector(socket_path, limit=0, force_close=not keep)
        return aiohttp.TCPConnector(
            ssl=self._tls.default,
            resolver=self._resolver,
            socket_factory=self._egress.open_socket,
            limit=0,
            force_close=not keep,
        )

    def _made_session(self, connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            skip_auto_headers=_NOT_OURS_TO_ADD,
            auto_decompress=False,
            trust_env=False,
            response_class=_Response,
        )


class _Attempt:
    """An attempt under way."""

    def __init__(self, task: "asyncio.Task[Outcome]", done: Done) -> None:
        self._task, self._done = task, done
        self._successor: Sending | None = None
        task.add_done_callback(self._ended)

    def abort(self) -> None:
        """Cancel it, which drops its connection."""
        self._task.cancel()
        if self._successor is not None:
            self._successor.abort()

    def _ended(self, task: "asyncio.Task[Outcome]") -> None:
        if not task.cancelled():
            self._successor = self._done(task.result())


async def _discard_body(response: aiohttp.ClientResponse) -> None:
    """Read the body to its end, or until it is too long to be worth the connection."""
    left = BODY_BYTES
    while left > 0 and (chunk := await response.content.readany()):
        left -= len(chunk)


def _url(text: str) -> URL:
    """A URL with nothing changed but characters that none may hold. Raises ValueError."""
    return URL(quote(text, safe=_URL_CHARACTERS), encoded=True) if text.isascii() else URL(text)


def _with_host(headers: Sequence[tuple[str, str]], host: str) -> list[tuple[str, str]]:
    """The headers with a Host, unless they have one."""
    has_host = any(name.lower() == "host" for name, _ in headers)
    return list(headers) if has_host else [("Host", host), *headers]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:DETAIL_LENGTH] or type(error).__name__
