"""Redirects of HTTP tasks: what the next request is, and chains at real targets."""

import asyncio

import pytest

from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering, listening, read_request
from worker.egress import EgressPolicy
from worker.outcome import Outcome, OutcomeKind, Reason
from worker.redirects import MOST_HOPS, RedirectFollower, next_request


def redirect(status: int, location: str = "/next") -> Outcome:
    return Outcome(OutcomeKind.ANSWERED, status, location=location)


def see(location: str, status: int = 307) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("status", "method", "next_method"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "GET", "GET"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_the_method_of_the_next_request(status: int, method: str, next_method: str) -> None:
    request = request_to("http://a.test/x", ("Content-Type", "text/plain"), ("X-Own", "1"), method=method, body=b"work")
    following = next_request(request, redirect(status))
    assert following is not None
    assert (following.shape.method, following.shape.url) == (next_method, "http://a.test/next")
    keeps_body = next_method == method and method != "HEAD" and status != 303
    assert (following.body == b"work") == (keeps_body or method == "HEAD")
    assert (("Content-Type", "text/plain") in following.headers) == (following.body == b"work")
    assert ("X-Own", "1") in following.headers


@pytest.mark.parametrize(
    ("location", "goes_along"),
    [
        ("/other", True),
        ("http://a.test:80/other", True),
        ("http://A.TEST/other", True),
        ("http://b.test/other", False),
        ("https://a.test/other", False),
        ("http://a.test:81/other", False),
        ("//b.test/other", False),
    ],
)
def test_credentials_stay_with_their_origin(location: str, goes_along: bool) -> None:
    request = request_to("http://a.test/x", ("authorization", "Bearer secret"))
    following = next_request(request, redirect(307, location))
    assert following is not None
    assert (("authorization", "Bearer secret") in following.headers) == goes_along


@pytest.mark.parametrize(
    "outcome",
    [
        redirect(302, ""),
        redirect(302, "ftp://a.test/"),
        redirect(302, "http://[bad/"),
        redirect(302, "http://a.test:99999999/"),
        redirect(300),
        redirect(304),
        Outcome(OutcomeKind.DONE, 200, location="/next"),
        Outcome(OutcomeKind.ANSWERED, 404, location="/next"),
    ],
)
def test_what_is_no_redirect_is_final(outcome: Outcome) -> None:
    assert next_request(request_to("http://a.test/x"), outcome) is None


async def test_the_last_answer_of_a_chain_decides() -> None:
    async with (
        sending() as sender,
        answering(OK) as last,
        answering(see(f"http://127.0.0.1:{last.port}/final")) as first,
    ):
        outcome = await RedirectFollower(sender).send(request_to(first.port, body=b"work"))
    assert outcome == DONE
    assert last.requests[0].startswith(b"POST /final HTTP/1.1")
    assert last.requests[0].endswith(b"work")


async def test_a_chain_without_end_is_a_failure() -> None:
    async with answering(see("/again")) as target, sending() as sender:
        outcome = await RedirectFollower(sender).send(request_to(target.port))
    assert (outcome.kind, outcome.status) == (OutcomeKind.ANSWERED, 307)
    assert len(target.requests) == 1 + MOST_HOPS


async def test_the_deadline_covers_the_whole_chain() -> None:
    async def stall(reader, writer) -> None:
        await read_request(reader)
        await reader.read()

    async with sending() as sender, listening(stall) as slow, answering(see(f"http://127.0.0.1:{slow.port}/")) as first:
        outcome = await RedirectFollower(sender).send(request_to(first.port, deadline_us=300_000))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NO_ANSWER, Reason.TIMEOUT)


async def test_an_aborted_chain_drops_the_request_under_way() -> None:
    arrived, dropped = asyncio.Event(), asyncio.Event()

    async def stall(reader, writer) -> None:
        await read_request(reader)
        arrived.set()
        try:
            await reader.read()
        finally:
            dropped.set()

    outcomes: list[Outcome] = []
    async with sending() as sender, listening(stall) as slow, answering(see(f"http://127.0.0.1:{slow.port}/")) as first:
        chain = RedirectFollower(sender).begin(request_to(first.port), outcomes.append)
        await arrived.wait()
        chain.abort()
        await dropped.wait()
    assert outcomes == []


async def test_the_egress_policy_holds_for_every_hop(monkeypatch) -> None:
    async with answering(OK) as inner, sending(EgressPolicy.PUBLIC) as sender:
        begin, first = sender.begin, f"http://127.0.0.1:{inner.port}/"

        def redirected(request, done):
            """A target that the policy would allow, as far as the follower can tell."""
            if request.shape.url != first:
                return asyncio.get_running_loop().call_soon(done, redirect(307, first))
            return begin(request, done)

        monkeypatch.setattr(sender, "begin", redirected)
        outcome = await RedirectFollower(sender).send(request_to("http://public.test/"))
    assert outcome.reason is Reason.REFUSED
    assert inner.connections == 0
