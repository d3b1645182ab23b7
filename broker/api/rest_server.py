"""REST: the routes of the RPC table over HTTP/1.1, JSON in and out (section 3.2)."""

import logging
from collections.abc import Iterable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from broker.api.json_writer import json_text, message_object
from broker.api.rest_request import AnswerStyle, read_request
from broker.api.routes import Routes
from broker.api.rpcs import Rpc
from broker.api.statuses import HTTP_STATUS, envelope
from broker.errors import Code, HeadraceError, StartupError
from broker.service.broker import Broker

MAX_BODY_BYTES = 12 * 1024 * 1024
"""Largest request body: a full batch of tasks (section 6)."""

_log = logging.getLogger(__name__)


class RestServer:
    """Serves every REST path of the table, and `extra_routes` beside them."""

    def __init__(
        self,
        broker: Broker,
        rpcs: Iterable[Rpc],
        *,
        host: str,
        port: int,
        extra_routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._broker = broker
        self._routes = Routes(rpcs)
        self._host, self._port = host, port
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.add_routes(extra_routes)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, logger=_server_log)

    async def start(self) -> int:
        """Starts to listen and returns the port. Raises StartupError if the port cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            reason = error.strerror or error
            raise StartupError(
                f"cannot listen for HTTP on {self._host} port {self._port} ({reason}); "
                "choose another port with --http-port, 0 for any free one"
            ) from error
        return site.port

    async def stop(self, grace_s: float) -> None:
        """Stops listening and lets running calls finish for up to `grace_s` seconds."""
        for site in list(self._runner.sites):
            await site.stop()
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(grace_s)
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        style = AnswerStyle.of(request.query)
        try:
            return await self._call(request, style)
        except HeadraceError as error:
            return json_response(envelope(error), HTTP_STATUS[error.code], style)

    async def _call(self, request: web.Request, style: AnswerStyle) -> web.Response:
        path = request.raw_path.partition("?")[0]
        methods = self._routes.find(path)
        if not methods:
            raise HeadraceError(Code.NOT_FOUND, f"The requested URL {path[:200]} was not found on this server.")
        verb = _verb(request)
        if verb not in methods:
            return _wrong_verb(verb, sorted(methods), style)
        rpc, path_values = methods[verb]
        body = await read_body(request)
        message = await rpc.call(self._broker, lambda: read_request(rpc, body, request.query, path_values))
        return json_response(message_object(message, enum_integers=style.enum_integers), 200, style)


class _NoTracebackForBadRequests(logging.Filter):
    """Bytes that are not HTTP are the sender's fault: one line in the log is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keeps every record, and strips the traceback of those."""
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, HttpProcessingError):
            record.msg, record.args = "malformed HTTP request: %s", (fault.message.split("\n")[0],)
            record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        return True


_server_log = logging.getLogger(f"{__name__}.http")
_server_log.addFilter(_NoTracebackForBadRequests())


def _verb(request: web.Request) -> str:
    """The verb meant: a POST can carry another one in a header, for proxies that let only POST through."""
    override = request.headers.get("X-HTTP-Method-Override", "")
    return override.upper() if override and request.method == "POST" else request.method


async def read_body(request: web.Request) -> bytes:
    """The body of a request, decompressed. Raises INVALID_ARGUMENT."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        text = f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes."
    except (web.RequestPayloadError, HttpProcessingError):
        text = "The request body cannot be read: check Content-Encoding and Transfer-Encoding."
    raise HeadraceError(Code.INVALID_ARGUMENT, text)


def _wrong_verb(verb: str, allowed: list[str], style: AnswerStyle) -> web.Response:
    error = HeadraceError(Code.UNIMPLEMENTED, f"{verb} is not allowed on this path; use {' or '.join(allowed)}.")
    response = json_response(envelope(error, 405), 405, style)
    response.headers["Allow"] = ", ".join(allowed)
    return response


def json_response(value: object, status: int, style: AnswerStyle) -> web.Response:
    """A JSON answer in the style that the caller asked for."""
    text = json_text(value, pretty=style.pretty)
    return web.Response(text=text, status=status, content_type="application/json", charset="UTF-8")
