"""The bodies of REST requests: read, bounded and decompressed (section 3.2)."""

import zlib
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDict, MultiMapping

from broker.errors import Code, HeadraceError

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Largest request body, decompressed: a full batch of tasks (section 6) with its bodies in base64."""

_FORM = "application/x-www-form-urlencoded"
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""How zlib calls the content codings."""


async def read_body(request: web.BaseRequest) -> bytes:
    """The body of a request, decompressed. Raises INVALID_ARGUMENT, also if the caller has gone away in the middle."""
    content = request.content
    try:
        if content.is_eof() and not content.at_eof():  # all of it is here, and nobody has taken it: `read` costs more
            body = content.read_nowait()
        else:
            body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise _unreadable() from None
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    return body if not body or coding == "identity" else _decompressed(body, coding)


def verb_of(request: web.BaseRequest) -> str:
    """The verb meant: a POST can carry another one in a header, for proxies that let only POST through."""
    override = request.headers.get("X-HTTP-Method-Override", "")
    return override.upper() if override and request.method == "POST" else request.method


async def read_query(request: web.BaseRequest) -> MultiMapping[str]:
    """The query. Of a GET that travels as a POST it can be in the body: clients do so if it is too long for a URL.

    Raises INVALID_ARGUMENT.
    """
    if request.method != "POST" or verb_of(request) != "GET" or request.content_type != _FORM:
        return request.query
    form = parse_qsl((await read_body(request)).decode(errors="replace"), keep_blank_values=True)
    return MultiDict([*request.query.items(), *form])


def _decompressed(body: bytes, coding: str) -> bytes:
    """The plain body. Never more than the limit is unpacked, however much a small body would come to."""
    if coding not in _WINDOW_BITS:
        text = f"The Content-Encoding {coding[:50]!r} is not supported: use gzip, deflate or none."
        raise HeadraceError(Code.INVALID_ARGUMENT, text)
    unpacker = zlib.decompressobj(_WINDOW_BITS[coding])
    try:
        plain = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise _unreadable() from None
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not unpacker.eof or unpacker.unused_data:
        raise _unreadable()
    return plain


def _too_large() -> HeadraceError:
    return HeadraceError(Code.INVALID_ARGUMENT, f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.")


def _unreadable() -> HeadraceError:
    text = "The request body cannot be read: check Content-Encoding and Transfer-Encoding."
    return HeadraceError(Code.INVALID_ARGUMENT, text)
