"""The gRPC methods of the table as an ASGI application: of each call the frames, the trailers, the end."""

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from broker.api.envoy.asgi import Receive, Send
from broker.api.envoy.frames import ACCEPTED_ENCODINGS, CallerGone, UnknownEncoding, frame, read_message
from broker.api.envoy.metadata import message_header, timeout_s
from broker.api.envoy.open_call import OpenCall
from broker.api.rpcs import Rpc
from broker.api.unary import DETAILS_KEY, FIELDS_KEY, LONGEST_MESSAGE, MAX_REQUEST_BYTES, answer, details_of
from broker.errors import Code, HeadraceError
from broker.service.broker import Broker

_LOOK_EVERY_S = 0.25
_CONTENT_TYPE = (b"content-type", b"application/grpc")
_FIELDS = FIELDS_KEY.encode()
_START = {"type": "http.response.start", "status": 200, "headers": [_CONTENT_TYPE], "trailers": True}
_TRAILERS = {"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]}


class GrpcCalls:
    """Answers every call that Envoy gives to the application."""

    def __init__(self, broker: Broker, rpcs: Iterable[Rpc]) -> None:
        self._broker = broker
        self._methods = {f"/{rpc.service}/{rpc.method}": rpc for rpc in rpcs}
        self._open: set[OpenCall] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One call, from its headers to its trailers."""
        headers = dict(scope["headers"])
        call = OpenCall(receive, timeout_s(headers.get(b"grpc-timeout")))
        self._open.add(call)
        try:
            message = await self._answer(scope["path"], headers, call)
        except HeadraceError as error:
            await _refuse(send, error)
        except CallerGone:
            return
        except asyncio.CancelledError:
            if call.is_late:
                await _refuse(send, HeadraceError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded"))
            elif not call.is_gone:
                raise
        else:
            await send(_START)
            await send({"type": "http.response.body", "body": frame(message.SerializeToString())})
            await send(_TRAILERS)
        finally:
            self._open.discard(call)

    async def watch(self) -> None:
        """Ends calls whose deadline has passed or whose caller has gone, soon after it, until it is cancelled.

        One look at all calls now and then costs less than a timer for each. Envoy does not say who has gone: it must
        be asked, which is worth it for calls that take long.
        """
        known: set[OpenCall] = set()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for call in self._open:
                call.expire()
            await asyncio.gather(*[call.look() for call in known & self._open])
            known = set(self._open)

    async def _answer(self, path: str, headers: dict[bytes, bytes], call: OpenCall) -> Any:
        rpc = self._methods.get(path)
        if rpc is None:
            raise HeadraceError(Code.UNIMPLEMENTED, "Method not found!")
        payload = await read_message(call.receive, headers.get(b"grpc-encoding", b""), most_bytes=MAX_REQUEST_BYTES)
        call.is_read = True
        fields = headers[_FIELDS].decode("latin-1") if _FIELDS in headers else ""
        return await answer(self._broker, rpc, payload, fields=fields, remaining_s=call.remaining_s)


async def _refuse(send: Send, error: HeadraceError) -> None:
    """Headers that are trailers at the same time: there is no message."""
    headers = [_CONTENT_TYPE, (b"grpc-status", b"%d" % error.code)]
    headers.append((b"grpc-message", message_header(error.message[:LONGEST_MESSAGE])))
    if details := details_of(error):
        headers.append((DETAILS_KEY.encode(), b64encode(details).rstrip(b"=")))
    if isinstance(error, UnknownEncoding):
        headers.append((b"grpc-accept-encoding", ACCEPTED_ENCODINGS))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})
