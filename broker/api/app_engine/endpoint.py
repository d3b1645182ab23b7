"""POST /rpc_http: one envelope in, one out, always with status 200 (App Engine specification, 1)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from broker.api.app_engine.admin_methods import ADMIN_METHODS
from broker.api.app_engine.envelope import RpcError, RpcErrorCode, application_error, parse, rpc_error, success
from broker.api.app_engine.fields import text
from broker.api.app_engine.methods import METHODS, Method
from broker.api.deadline import read_timeout_s
from broker.errors import HeadraceError
from broker.service.app_engine.caller import Caller
from broker.service.app_engine.errors import result_of
from broker.service.broker import Broker
from broker.service.quotas import spend_quota

LARGEST_REQUEST_BYTES = 32 * 1024 * 1024
_ENVELOPE_BYTES = 64 * 1024
_DEADLINE_HEADER = "X-Google-RPC-Service-Deadline"
_DEFAULT_DEADLINE_S = 60.0
_ALL_METHODS = METHODS | ADMIN_METHODS

_log = logging.getLogger(__name__)


def app_engine_routes(broker: Broker) -> list[web.RouteDef]:
    """The routes of the API. The second is where the remote_api of older SDKs looks for it."""

    async def call(request: web.Request) -> web.Response:
        deadline_s = read_timeout_s(request.headers.get(_DEADLINE_HEADER)) or _DEFAULT_DEADLINE_S
        try:
            answer = await answer_call(broker, await _body(request), deadline_s)
        except RpcError as error:
            answer = rpc_error(error)
        return web.Response(body=answer, content_type="application/octet-stream")

    async def hello(request: web.Request) -> web.Response:
        app_id = broker.tickets.default.project
        return web.Response(text=f"{{app_id: {app_id}, rtok: '{request.query.get('rtok', '0')[:100]}'}}")

    return [
        web.post("/rpc_http", call),
        web.post("/_ah/remote_api", call),
        web.get("/_ah/remote_api", hello),
    ]


async def answer_call(broker: Broker, raw: bytes, deadline_s: float) -> bytes:
    """The answer to an envelope. Raises RpcError."""
    request = parse("Request", raw)
    method = _ALL_METHODS.get((request.service_name, request.method))
    name = f"{request.service_name}.{request.method}"
    if method is None:
        raise RpcError(RpcErrorCode.CALL_NOT_FOUND, f"There is no method {name[:200]}.")
    if len(request.request) > LARGEST_REQUEST_BYTES:
        raise _too_large()
    outcome = "OK"
    try:
        message = parse(method.request, request.request)
        app_id = text(getattr(message, "app_id", b""))
        async with _deadline(name, method, deadline_s) as until_s:
            caller = Caller(broker, request.request_id, until_s)
            await spend_quota(broker, request.method, lambda: str(caller.location(app_id)))
            return success(await method.handler(caller, message))
    except HeadraceError as error:
        outcome = result_of(error).name
        return application_error(result_of(error), error.message)
    except RpcError as error:
        outcome = error.code.name
        raise
    except Exception:  # a defect of ours: its traceback is for the log, not for the caller
        outcome = RpcErrorCode.UNKNOWN.name
        _log.exception("%s failed", name)
        raise RpcError(RpcErrorCode.UNKNOWN, "Internal error encountered.") from None
    finally:
        broker.metrics.api_call(name, outcome)


@asynccontextmanager
async def _deadline(name: str, method: Method, deadline_s: float) -> AsyncIterator[float]:
    """Cuts a call off after so long, with the error for that; until when it may last, by the event loop's clock."""
    until_s = asyncio.get_running_loop().time() + deadline_s
    try:
        async with asyncio.timeout_at(until_s):
            yield until_s
    except TimeoutError:
        if method.late:
            raise method.late() from None
        raise RpcError(RpcErrorCode.DEADLINE_EXCEEDED, f"{name} took longer than {deadline_s:g} s.") from None


async def _body(request: web.Request) -> bytes:
    try:
        return await request.clone(client_max_size=LARGEST_REQUEST_BYTES + _ENVELOPE_BYTES).read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise RpcError(RpcErrorCode.PARSE_ERROR, "The request body cannot be read.") from None


def _too_large() -> RpcError:
    return RpcError(RpcErrorCode.REQUEST_TOO_LARGE, f"A request must have at most {LARGEST_REQUEST_BYTES} bytes.")
