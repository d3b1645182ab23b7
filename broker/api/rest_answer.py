"""How REST answers are written: JSON in the style, and with the fields, that a caller asked for (section 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from broker.api.header_text import header_text
from broker.api.json_fields import message_text
from broker.api.json_writer import COMPACT, PRETTY, value_text
from broker.api.partial_response import Selection
from broker.api.statuses import HTTP_STATUS, envelope
from broker.errors import HeadraceError

_FIELDS_HEADER = "X-Goog-FieldMask"


@dataclass(frozen=True, slots=True)
class AnswerStyle:
    """How a caller wants the JSON of the answer: system parameters `prettyPrint` and `alt`, and Accept-Encoding."""

    pretty: bool = True
    enum_integers: bool = False
    compressed: bool = False

    @property
    def line(self) -> str:
        """The line that the text of an answer begins with, as `value_text` has it."""
        return PRETTY if self.pretty else COMPACT

    @classmethod
    def of(cls, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> "AnswerStyle":
        """Reads it from a request; parameters with or without the dollar sign."""
        compressed = _wants_gzip(headers or {})
        if not query and not compressed:
            return USUAL_STYLE
        pretty = query.get("$prettyPrint", query.get("prettyPrint", "true"))
        alternative = query.get("$alt", query.get("alt", ""))
        return cls(pretty.lower() not in ("false", "0"), "enum-encoding=int" in alternative.split(";"), compressed)


USUAL_STYLE = AnswerStyle()
"""That of a caller who says nothing of it."""


def read_selection(query: Mapping[str, str], headers: Mapping[str, str]) -> Selection | None:
    """The fields that the caller wants of the answer; None if it does not say. Raises INVALID_ARGUMENT."""
    text = query.get("$fields") or query.get("fields") or header_text(headers.get(_FIELDS_HEADER, ""))
    return Selection(text) if text else None


def json_response(value: object, status: int, style: AnswerStyle) -> web.Response:
    """A JSON answer in the style that the caller asked for."""
    return _response(value_text(value, style.line), status, style)


def message_response(message: Any, style: AnswerStyle) -> web.Response:
    """The answer of a call that succeeded."""
    return _response(message_text(message, style.line, style.enum_integers), 200, style)


def answered(answer: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of a route that writes what `answer` returns, or the error it raises, as JSON."""

    async def handler(request: web.Request) -> web.Response:
        style = AnswerStyle.of(request.query, request.headers)
        try:
            return json_response(await answer(request), 200, style)
        except HeadraceError as error:
            return json_response(envelope(error), HTTP_STATUS[error.code], style)

    return handler


def _wants_gzip(headers: Mapping[str, str]) -> bool:
    """Whether to compress. As with Google's APIs both headers must say gzip: most clients send the second unasked."""
    return "gzip" in headers.get("User-Agent", "") and _accepts_gzip(headers.get("Accept-Encoding", ""))


def _accepts_gzip(accepted: str) -> bool:
    for coding in accepted.split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name.lower() in ("gzip", "x-gzip"):
            return weight.rstrip("0.") != "" or not weight
    return False


def _response(text: str, status: int, style: AnswerStyle) -> web.Response:
    # What a caller sent and an error quotes may hold lone surrogates, which JSON can only write as escapes.
    body = f"{text}\n".encode(errors="backslashreplace")
    response = web.Response(body=body, status=status, content_type="application/json", charset="UTF-8")
    if style.compressed:
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["Vary"] = "Accept-Encoding, User-Agent"
    return response
