"""The frames in which gRPC puts messages: one byte that tells of compression, four of length, the message."""

import zlib
from struct import Struct

from broker.api.envoy.asgi import Event, Receive
from broker.errors import Code, HeadraceError

ACCEPTED_ENCODINGS = b"identity,deflate,gzip"
_WINDOW_BITS = {b"deflate": zlib.MAX_WBITS, b"gzip": zlib.MAX_WBITS + 16}
_PREFIX = Struct(">BI")


class CallerGone(Exception):
    """The caller no longer waits for an answer."""


class UnknownEncoding(HeadraceError):
    """The message is compressed in a way that is not known here."""


def frame(message: bytes) -> bytes:
    """The message as it is sent, not compressed."""
    return _PREFIX.pack(0, len(message)) + message


async def read_message(receive: Receive, encoding: bytes, *, most_bytes: int) -> bytes:
    """The only message of a request, at most `most_bytes` long. Raises HeadraceError, and CallerGone."""
    event = await receive()
    body: bytes | bytearray = event.get("body", b"")
    if event.get("more_body") or len(body) < _PREFIX.size:
        body = await _rest(receive, event, most_bytes)
    compressed, length = _PREFIX.unpack_from(body)
    _require_fits(length, most_bytes)
    if len(body) != _PREFIX.size + length:
        raise HeadraceError(Code.INTERNAL, "The body of the request is not one message of gRPC.")
    message = bytes(body[_PREFIX.size :])
    return _decompressed(message, encoding, most_bytes) if compressed else message


async def _rest(receive: Receive, event: Event, most_bytes: int) -> bytearray:
    """The whole body that begins with `event`. A message that is too long is refused before it is read."""
    body = bytearray(event.get("body", b""))
    while event["type"] == "http.request" and event.get("more_body"):
        event = await receive()
        body += event.get("body", b"")
        if len(body) >= _PREFIX.size:
            _require_fits(max(_PREFIX.unpack_from(body)[1], len(body) - _PREFIX.size), most_bytes)
    if event["type"] != "http.request":
        raise CallerGone
    if len(body) < _PREFIX.size:
        raise HeadraceError(Code.INTERNAL, "The request has no message.")
    return body


def _require_fits(length: int, most_bytes: int) -> None:
    if length > most_bytes:
        raise HeadraceError(Code.RESOURCE_EXHAUSTED, f"Received message larger than max ({length} vs. {most_bytes})")


def _decompressed(message: bytes, encoding: bytes, most_bytes: int) -> bytes:
    if encoding not in _WINDOW_BITS:
        name = encoding.decode("latin-1") or "identity"
        raise UnknownEncoding(Code.UNIMPLEMENTED, f"Messages cannot be compressed with {name} here.")
    decompressor = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        whole = decompressor.decompress(message, most_bytes + 1)
    except zlib.error as error:
        raise HeadraceError(Code.INTERNAL, "The message cannot be decompressed.") from error
    _require_fits(len(whole), most_bytes)
    if not decompressor.eof:
        raise HeadraceError(Code.INTERNAL, "The message ends before its time.")
    return whole
