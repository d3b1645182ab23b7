"""The pure parts of the HTTP/1.1 sender: URLs, request bytes, answers, deadlines."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.http1.answer import BODY_BYTES, HEADER_BYTES, HEADER_LINES, AnswerError, AnswerReader
from worker.http1.deadlines import Deadlines
from worker.http1.location import Location, Origin, locate
from worker.http1.message import head_of, request_bytes
from worker.request import OutgoingRequest


@pytest.mark.parametrize(
    ("url", "host", "port", "host_header", "path"),
    [
        ("http://example.com", "example.com", 80, "example.com", "/"),
        ("http://Example.COM:80/A", "example.com", 80, "example.com", "/A"),
        ("https://example.com:443/?a=1&b", "example.com", 443, "example.com", "/?a=1&b"),
        ("https://example.com:8443/x", "example.com", 8443, "example.com:8443", "/x"),
        ("http://example.com?a=1", "example.com", 80, "example.com", "/?a=1"),
        ("http://example.com/x#part", "example.com", 80, "example.com", "/x"),
        ("http://[::1]:8080/x", "::1", 8080, "[::1]:8080", "/x"),
        ("http://127.0.0.1:8080/a%2Fb", "127.0.0.1", 8080, "127.0.0.1:8080", "/a%2Fb"),
        ("http://example.com/a b", "example.com", 80, "example.com", "/a%20b"),
        ("http://bücher.example/ü", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/%C3%BC"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, host_header: str, path: str) -> None:
    location = locate(url)
    scheme = url.partition(":")[0]
    assert location == Location(Origin(scheme, host, port), host_header, path)


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://example.com/", "http://", "http:///x", "http://a:0/", "http://a:65536/"),
        *("http://ü b/", "http://a b/", "http://a%0d%0ab/", "http://a\r\nb/"),
    ],
)
def test_what_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        locate(url)


def test_credentials_of_the_url_are_a_header_unless_the_task_has_one() -> None:
    location = locate("http://me:p%40ss@example.com/")
    plain = OutgoingRequest.of("GET", "", [], b"", 1)
    assert request_bytes(head_of(plain.shape, location), plain) == (
        b"GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Basic bWU6cEBzcw==\r\n\r\n"
    )
    own = OutgoingRequest.of("GET", "", [("authorization", "Bearer x")], b"", 1)
    assert (
        request_bytes(head_of(own.shape, location), own)
        == b"GET / HTTP/1.1\r\nHost: example.com\r\nauthorization: Bearer x\r\n\r\n"
    )


@pytest.mark.parametrize(
    "header", [("X", "a\r\nEvil: 1"), ("X", "a\nb"), ("X", "a\rb"), ("X\r\nY", "a"), ("Host", "a\n")]
)
def test_a_header_cannot_break_its_line(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="line break"):
        head_of(OutgoingRequest.of("POST", "", [header], b"", 1).shape, locate("http://example.com/"))


def reading(*, is_head: bool = False) -> AnswerReader:
    answer = AnswerReader()
    answer.begin(is_head=is_head)
    return answer


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
ANSWERS = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, True),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, False),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, False),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, True),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, True),
    (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", 500, True),
    (INTERIM + b"HTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n", 201, True),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101, False),
    (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, True),
    (b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 503, True),
]


@given(st.sampled_from(ANSWERS), st.lists(st.integers(1, 120), max_size=8))
def test_an_answer_reads_the_same_however_it_is_cut(case: tuple[bytes, int, bool], cuts: list[int]) -> None:
    raw, status, reusable = case
    answer = reading()
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    for start, end in itertools.pairwise(edges):
        assert not answer.complete
        answer.feed(raw[start:end])
    assert (answer.complete, answer.status, answer.reusable) == (True, status, reusable)


@given(st.lists(st.tuples(st.sampled_from(ANSWERS), st.booleans()), max_size=8))
def test_an_answer_reads_the_same_whatever_came_before_it(cases: list[tuple[tuple[bytes, int, bool], bool]]) -> None:
    answer = AnswerReader()
    for (raw, _, _), is_head in cases:
        answer.begin(is_head=is_head)
        assert not answer.complete
        assert not answer.end_of_stream()
        alone = reading(is_head=is_head)
        for reader in (answer, alone):
            reader.feed(raw)
        assert (answer.complete, answer.status, answer.reusable) == (alone.complete, alone.status, alone.reusable)
        assert answer.headers == alone.headers
        if not answer.reusable:
            answer = AnswerReader()  # so is the connection


def test_an_answer_like_the_one_before_may_go_on_otherwise() -> None:
    answer, raw = reading(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    answer.feed(raw)
    answer.begin(is_head=False)
    answer.feed(raw[:-2])
    assert not answer.complete
    answer.feed(b"X: y\r\n\r\n")
    assert (answer.complete, answer.status, answer.reusable) == (True, 200, True)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    answer = reading()
    answer.feed(b"HTTP/1.1 200 OK\r\n\r\nas much as there is")
    assert not answer.complete
    assert answer.end_of_stream()
    assert (answer.status, answer.reusable) == (200, False)


def test_an_answer_with_a_length_does_not() -> None:
    answer = reading()
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    assert not answer.end_of_stream()


def test_the_answer_to_head_has_no_body() -> None:
    answer = reading(is_head=True)
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert (answer.complete, answer.reusable) == (True, True)


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("is_head", [True, False])
def test_more_than_the_answer_costs_the_connection(extra: bytes, is_head: bool) -> None:
    answer = reading(is_head=is_head)
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + extra)
    assert (answer.complete, answer.status, answer.reusable) == (True, 200, False)


def test_a_long_body_costs_the_connection() -> None:
    answer = reading()
    answer.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for _ in range(BODY_BYTES // 65536):
        answer.feed(chunk)
    assert not answer.complete
    answer.feed(chunk)
    assert (answer.complete, answer.reusable) == (True, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEADER_BYTES,
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * (HEADER_LINES + 2),
        b"HTTP/1.1 100 Continue\r\n\r\n" * (HEADER_BYTES // 20),
        b"HTTP/1.1 200 " + b"x" * HEADER_BYTES,
    ],
    ids=range(4),
)
@pytest.mark.parametrize("piece", [1000, 1_000_000])
def test_a_header_beyond_the_limits_is_no_answer(raw: bytes, piece: int) -> None:
    answer = reading()

    def feed() -> None:
        for start in range(0, len(raw), piece):
            answer.feed(raw[start : start + piece])

    with pytest.raises(AnswerError, match="header has more than"):
        feed()


class Expiring:
    """Notes when its deadline passes."""

    def __init__(self, at_s: float = 0.0) -> None:
        self.at_s, self.expired_s = at_s, 0.0
        self.happened = asyncio.Event()

    def expire(self) -> None:
        self.expired_s = asyncio.get_running_loop().time()
        self.happened.set()


async def test_deadlines_expire_in_turn_and_not_early() -> None:
    now_s = asyncio.get_running_loop().time()
    deadlines = Deadlines()
    last, first, second, removed = (Expiring(at_s=now_s + after_s) for after_s in (0.09, 0.02, 0.05, 0.03))
    ticks = {each: deadlines.add(each.at_s, each) for each in (last, first, second, removed)}
    deadlines.remove(ticks[removed], removed)
    await last.happened.wait()
    assert first.expired_s <= second.expired_s <= last.expired_s
    assert all(each.expired_s >= each.at_s - 0.001 for each in (first, second, last))
    assert not removed.expired_s
    deadlines.stop()


async def test_an_idle_set_of_deadlines_holds_nothing() -> None:
    deadlines = Deadlines()
    now_s = asyncio.get_running_loop().time()
    for n in range(1000):
        each = Expiring()
        deadlines.remove(deadlines.add(now_s + 600 + n % 7, each), each)
    assert not deadlines._due
    assert len(deadlines._ticks) <= 700
    deadlines.stop()
