"""One answer as it comes in (RFC 9112, sections 4 to 8): the callbacks of the parser, and what is kept of it."""

import httptools

BODY_BYTES = 1024 * 1024
"""How much of a body is read; a longer one costs the connection, but the status counts."""
HEADER_BYTES = 64 * 1024
HEADER_LINES = 128

_NO_BODY = (204, 304)
_KEPT = (b"retry-after", b"date", b"location")


class AnswerError(Exception):
    """What came is no answer, or one beyond the limits. The message is one line."""


class AnswerReader:
    """Reads the answers of one connection, one after the other. Interim ones (1xx) are read over."""

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = None

    def begin(self, *, is_head: bool) -> None:
        """A request goes out: what comes now answers it."""
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
            # RFC 9112, 2.2: a bare LF ends a line too.
            self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._is_head = is_head
        self._header_bytes = self._header_lines = self._body_bytes = 0
        self._framed = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        """Of Retry-After, Date and Location what came, the first of each."""
        self.header_complete = False
        self.complete = False
        self.reusable = False
        """Whether the connection can serve another request, once the answer is complete."""

    def feed(self, data: bytes) -> None:
        """Take what came. Raises AnswerError."""
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end(reusable=False)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise AnswerError(f"what came is not HTTP: {_cause(error)}") from error
        if not self.header_complete and self._header_bytes + len(data) > HEADER_BYTES:
            raise AnswerError(f"the answer's header has more than {HEADER_BYTES} bytes")
        if not self.header_complete:
            self._header_bytes += len(data)

    def end_of_stream(self) -> bool:
        """The target closed the connection. Whether that completes the answer: one without a length ends so."""
        if self.header_complete and not self._framed:
            self._end(reusable=False)
        return self.complete

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self._header_lines += 1
        if self._header_lines > HEADER_LINES:
            raise AnswerError(f"the answer's header has more than {HEADER_LINES} lines")
        if len(name) + len(value) > HEADER_BYTES:
            raise AnswerError(f"the answer's header has more than {HEADER_BYTES} bytes")
        lowered = name.lower()
        if lowered in _KEPT:
            self.headers.setdefault(lowered, value)
        elif lowered in (b"content-length", b"transfer-encoding"):
            self._framed = True

    def on_headers_complete(self) -> None:
        """The header is complete; an interim one is followed by another."""
        if self.complete:
            return
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200 and status != 101:
            self.headers.clear()
            self._framed = False
            return
        self.status, self.header_complete = status, True
        if self._is_head:
            self._end(reusable=self._parser.should_keep_alive())
            self._parser = None  # it waits for a body that does not come
        elif status in _NO_BODY:
            self._framed = True

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
        self.complete, self.reusable = True, reusable


def _cause(error: BaseException) -> str:
    within = error.__context__
    return " ".join(str(within if isinstance(within, AnswerError) else error).split())
