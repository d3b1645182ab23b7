"""REST: the routes of the RPC table over HTTP/1.1, JSON in and out (section 3.2)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiMapping

from broker.api.certificate import Certificate
from broker.api.deadline import SERVER_TIMEOUT_HEADER, read_timeout_s, set_deadline
from broker.api.json_fields import message_object
from broker.api.rest_answer import USUAL_STYLE, AnswerStyle, json_response, message_response, read_selection
from broker.api.rest_body import MAX_BODY_BYTES, read_body, read_query, verb_of
from broker.api.rest_request import read_request
from broker.api.routes import Routes
from broker.api.rpcs import Rpc
from broker.api.statuses import HTTP_STATUS, envelope
from broker.errors import Code, HeadraceError, StartupError
from broker.service.broker import Broker

_log = logging.getLogger(__name__)


class RestServer:
    """Serves every REST path of the table, and `extra_routes` beside them.

    `shares_port` lets other processes that want it too listen on the same port. With a certificate TLS is spoken there.
    """

    def __init__(
        self,
        broker: Broker,
        rpcs: Iterable[Rpc],
        *,
        host: str,
        port: int,
        shares_port: bool = False,
        certificate: Certificate | None = None,
        extra_routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._broker = broker
        self._routes = Routes(rpcs)
        self._host, self._port, self._shares_port, self._certificate = host, port, shares_port, certificate
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        others = app.add_routes(extra_routes)
        self._prefixes = self._routes.prefixes_beside(route.resource.canonical for route in others if route.resource)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, logger=_server_log, auto_decompress=False)

    async def start(self) -> int:
        """Starts to listen and returns the port. Raises StartupError if the port cannot be had."""
        await self._set_up()
        context = self._certificate.ssl_context() if self._certificate else None
        site = web.TCPSite(
            self._runner, self._host, self._port, ssl_context=context, reuse_port=self._shares_port or None
        )
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

    async def start_behind(self) -> Callable[[], asyncio.BaseProtocol]:
        """Starts without a port of its own, and returns what makes the protocol of a connection accepted elsewhere."""
        await self._set_up()
        server = self._runner.server
        assert server is not None
        return server

    async def start_on_socket(self, path: str) -> None:
        """Starts to listen on a Unix socket, for connections that were accepted elsewhere."""
        await self._set_up()
        await web.UnixSite(self._runner, path).start()

    async def stop(self, grace_s: float) -> None:
        """Stops listening and lets running calls finish for up to `grace_s` seconds."""
        for site in list(self._runner.sites):
            await site.stop()
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(grace_s)
        await self._runner.cleanup()

    async def _set_up(self) -> None:
        """Calls under the paths of the table alone go past aiohttp's router: it takes longer than all of `Routes`."""
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        routed = server.request_handler

        def handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
            expectation = request.headers.get("Expect")
            if expectation is not None and expectation.lower() != "100-continue":
                return _unmet()
            is_call = expectation is None and request.raw_path.startswith(self._prefixes)
            return self._answer(request) if is_call else routed(request)

        server.request_handler = handle

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        style = USUAL_STYLE
        try:
            verb = verb_of(request)
            query = request.query if verb == request.method else await read_query(request)
            style = AnswerStyle.of(query, request.headers)
            return await self._call(request, verb, query, style)
        except HeadraceError as error:
            return json_response(envelope(error), HTTP_STATUS[error.code], style)

    async def _call(
        self, request: web.BaseRequest, verb: str, query: MultiMapping[str], style: AnswerStyle
    ) -> web.Response:
        path = request.raw_path.partition("?")[0]
        methods = self._routes.find(path)
        if not methods:
            raise HeadraceError(Code.NOT_FOUND, f"The requested URL {path[:200]} was not found on this server.")
        if verb not in methods:
            return _wrong_verb(verb, sorted(methods), style)
        rpc, path_values = methods[verb]
        selection = read_selection(query, request.headers)
        if selection and rpc.response:
            selection.check(rpc.response.DESCRIPTOR)
        body = await read_body(request)
        set_deadline(read_timeout_s(request.headers.get(SERVER_TIMEOUT_HEADER)))
        message = await rpc.call(self._broker, lambda: read_request(rpc, body, query, path_values, request.headers))
        if selection is None:
            return message_response(message, style)
        answer = message_object(message, enum_integers=style.enum_integers)
        return json_response(selection.of_json(answer), 200, style)


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


async def _unmet() -> web.Response:
    """aiohttp would quote the header, whatever bytes are in it."""
    error = HeadraceError(Code.INVALID_ARGUMENT, "The expectation of the header Expect is not known; use 100-continue.")
    return json_response(envelope(error, 417), 417, USUAL_STYLE)


def _wrong_verb(verb: str, allowed: list[str], style: AnswerStyle) -> web.Response:
    error = HeadraceError(Code.UNIMPLEMENTED, f"{verb} is not allowed on this path; use {' or '.join(allowed)}.")
    response = json_response(envelope(error, 405), 405, style)
    response.headers["Allow"] = ", ".join(allowed)
    return response
