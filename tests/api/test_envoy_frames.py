"""What gRPC puts around messages, read and written without a server."""

import gzip
import zlib
from collections.abc import Iterable
from typing import Any

import pytest

from broker.api.envoy.asgi import Event, Receive
from broker.api.envoy.frames import CallerGone, UnknownEncoding, frame, read_message
from broker.api.envoy.metadata import message_header, timeout_s
from broker.errors import Code, HeadraceError

MOST = 1000
MESSAGE = b"message" * 100
DISCONNECT = {"type": "http.disconnect"}


def receiving(*chunks: bytes, then: Iterable[Event] = ()) -> Receive:
    """A request whose body comes in these chunks."""
    events: list[Any] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if not then:
        events[-1]["more_body"] = False
    left = iter([*events, *then])

    async def receive() -> Event:
        return next(left)

    return receive


def compressed(data: bytes) -> bytes:
    return b"\1" + len(data).to_bytes(4, "big") + data


async def read(receive: Receive, encoding: bytes = b"") -> bytes:
    return await read_message(receive, encoding, most_bytes=MOST)


@pytest.mark.parametrize("message", [b"", MESSAGE, b"x" * MOST])
async def test_a_message_in_chunks_of_any_size(message: bytes) -> None:
    whole = frame(message)
    for size in (1, 4, 5, 6, len(whole)):
        assert await read(receiving(*(whole[at : at + size] for at in range(0, len(whole), size)))) == message
    assert await read(receiving(whole, b"")) == message


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", compressed(gzip.compress(MESSAGE, mtime=0))),
        (b"deflate", compressed(zlib.compress(MESSAGE))),
        (b"gzip", frame(MESSAGE)),
        (b"br", frame(MESSAGE)),
    ],
)
async def test_a_message_that_may_be_compressed(encoding: bytes, body: bytes) -> None:
    assert await read(receiving(body), encoding) == MESSAGE


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"", b"", Code.INTERNAL),
        (frame(MESSAGE)[:4], b"", Code.INTERNAL),
        (frame(MESSAGE)[:-1], b"", Code.INTERNAL),
        (frame(MESSAGE) * 2, b"", Code.INTERNAL),
        (frame(b"x" * (MOST + 1)), b"", Code.RESOURCE_EXHAUSTED),
        (frame(b"x" * (MOST + 1))[:6], b"", Code.RESOURCE_EXHAUSTED),
        (compressed(gzip.compress(b"x" * (MOST + 1), mtime=0)), b"gzip", Code.RESOURCE_EXHAUSTED),
        (compressed(gzip.compress(MESSAGE, mtime=0)[:-9]), b"gzip", Code.INTERNAL),
        (compressed(MESSAGE), b"gzip", Code.INTERNAL),
        (compressed(MESSAGE), b"br", Code.UNIMPLEMENTED),
        (compressed(MESSAGE), b"", Code.UNIMPLEMENTED),
    ],
)
async def test_what_is_no_message(body: bytes, encoding: bytes, code: Code) -> None:
    with pytest.raises(HeadraceError) as caught:
        await read(receiving(body), encoding)
    assert caught.value.code is code
    assert isinstance(caught.value, UnknownEncoding) == (code is Code.UNIMPLEMENTED)


async def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(HeadraceError, match="larger than max"):
        await read(receiving(frame(b"x" * 10_000)[:3], b"\xff" * 10, then=[{"type": "never read"}]))


@pytest.mark.parametrize("chunks", [(b"",), (frame(MESSAGE)[:9],), (frame(MESSAGE),)])
async def test_a_caller_that_goes_before_the_end(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(CallerGone):
        await read(receiving(*chunks, then=[DISCONNECT]))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        (b"", None),
        (b"5S", 5.0),
        (b"2H", 7200.0),
        (b"3M", 180.0),
        (b"1500m", 1.5),
        (b"250u", 250e-6),
        (b"0n", 0.0),
        (b"99999999S", 99_999_999.0),
        (b"123456789S", None),
        (b"5", None),
        (b"S", None),
        (b"-5S", None),
        (b"5s", None),
    ],
)
def test_timeouts(text: bytes | None, seconds: float | None) -> None:
    assert timeout_s(text) == seconds


@pytest.mark.parametrize(
    ("message", "header"),
    [("plain text.", b"plain text."), ("100%", b"100%25"), ("é\n", b"%C3%A9%0A"), ("\ud800", b"?")],
)
def test_messages_in_headers(message: str, header: bytes) -> None:
    assert message_header(message) == header
