"""One answer as it comes in (RFC 9112, sections 4 to 8): the callbacks of the parser, and what is kept of it."""

import re

import httptools

BODY_BYTES = 1024 * 1024
"""How much of a body is read; a longer one costs the connection, but the status counts."""
HEADER_BYTES = 64 * 1024
HEADER_LINES = 128

_REPEATED_BYTES = 1024
_NO_BODY = (204, 304)
_KEPT = re.compile(rb"^(retry-after|date|location):[ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_FRAMING = re.compile(rb"^(content-length|transfer-encoding)[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class AnswerError(Exception):
    """What came is no answer, or one beyond the limits. The message is one line."""


class AnswerReader:
    """Reads the answers of one connection, one after the other. Interim ones (1xx) are read over.

    The parser frames them; most answers say all in their status, so header lines are not looked at unless they matter.
    Many a target answers alike within a second: an answer with the very bytes of the one before is not read again.
    """

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = None
        self._last = b""
        """The last answer, if it came in one short piece and the connection serves on: all else here tells of it."""

    def begin(self, *, is_head: bool) -> None:
        """A request goes out: what comes now answers it."""
        self._is_head = is_head
        self._is_due = True
        self.header_complete = self.complete = False

    def feed(self, data: bytes) -> None:
        """Take what came. Raises AnswerError."""
        if not self._is_due:
            self._read(data)
            return
        self._is_due = False
        if data == self._last and not self._is_head:
            self.header_complete = self.complete = True
            return
        self._expect()
        self._read(data)
        if self.reusable and not self._is_head and len(data) <= _REPEATED_BYTES:
            self._last = data

    def end_of_stream(self) -> bool:
        """The target closed the connection. Whether that completes the answer: one without a length ends so."""
        if self.header_complete and not self.complete and not self._has_length():
            self._end(reusable=False)
        return self.complete

    def _expect(self) -> None:
        """Begin anew."""
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
            # RFC 9112, 2.2: a bare LF ends a line too.
            self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._last = b""
        self._came: list[bytes] = []
        """What came until the end of the header, which the last piece may hold more than."""
        self._came_bytes = self._came_lines = self._interims = self._body_bytes = 0
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        """Of Retry-After, Date and Location what came, the first of each, unless the status says it all (2xx)."""
        self.reusable = False
        """Whether the connection can serve another request, once the answer is complete."""

    def _read(self, data: bytes) -> None:
        assert self._parser is not None
        if not self.header_complete:
            self._came.append(data)
            self._came_bytes += len(data)
            self._came_lines += data.count(b"\n")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end(reusable=False)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise AnswerError(f"what came is not HTTP: {_cause(error)}") from error
        if not self.header_complete:
            _check_header(self._came_bytes, self._came_lines)

    # What the parser calls.

    def on_headers_complete(self) -> None:
        """The header is complete; an interim one is followed by another."""
        if self.complete:
            return
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200 and status != 101:
            self._interims += 1
            return
        if self._came_bytes > HEADER_BYTES or self._came_lines > HEADER_LINES:  # with some of the body, maybe
            blocks = self._header_blocks()
            _check_header(sum(map(len, blocks)), sum(block.count(b"\n") for block in blocks))
        self.status, self.header_complete = status, True
        if self._is_head:
            self._end(reusable=self._parser.should_keep_alive())
            self._parser = None  # it waits for a body that does not come

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.complete:
            self.reusable = False  # more than the answer came
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES:
            self._end(reusable=False)

    def on_message_complete(self) -> None:
        """The parser has seen the end."""
        if self.header_complete and not self.complete and self._parser is not None:
            self._end(reusable=self._parser.should_keep_alive())

    def on_message_begin(self) -> None:
        """Another answer begins: the first, one after an interim one, or one that nobody asked for."""
        if self.complete:
            self.reusable = False

    def _end(self, *, reusable: bool) -> None:
        if not self.complete and not 200 <= self.status <= 299:
            self.headers = self._header_fields(_KEPT)
        self.complete, self.reusable = True, reusable
        self._came = []

    def _has_length(self) -> bool:
        return self.status in _NO_BODY or bool(self._header_fields(_FRAMING))

    def _header_fields(self, wanted: re.Pattern[bytes]) -> dict[bytes, bytes]:
        """The wanted fields of the header, names in lower case, the first of each."""
        fields: dict[bytes, bytes] = {}
        for name, value in wanted.findall(self._header_blocks()[-1]):
            fields.setdefault(name.lower(), value)
        return fields

    def _header_blocks(self) -> list[bytes]:
        """The headers of the interim answers, and the last one's."""
        return _BLANK_LINE.split(b"".join(self._came), self._interims + 1)[: self._interims + 1]


def _check_header(header_bytes: int, header_lines: int) -> None:
    if header_bytes > HEADER_BYTES:
        raise AnswerError(f"the answer's header has more than {HEADER_BYTES} bytes")
    if header_lines > HEADER_LINES:
        raise AnswerError(f"the answer's header has more than {HEADER_LINES} lines")


def _cause(error: BaseException) -> str:
    within = error.__context__
    return " ".join(str(within if isinstance(within, AnswerError) else error).split())
