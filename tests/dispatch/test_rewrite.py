"""Sending what is meant for one address to another: which addresses, and what does not change."""

import re

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering
from worker.egress import EgressPolicy
from worker.outcome import Reason
from worker.redirects import RedirectFollower
from worker.rewrite import Rewrites

REWRITES = Rewrites.of(
    {
        "localhost:8080": "host.docker.internal:8080",
        "api.example.com": "127.0.0.1:9000",
        "api.example.com:8443": "staging",
        "https://secure.example.com": "http://secure:80",
        "*.example.org": "http://catch-all",
        "*.deep.example.org": "[::1]:7",
        "[fe80::1]:81": "six",
        "http://mailer": "unix:/run/mailer.sock",
        "*.side.car": "unix:/run/side=car:80.sock",
    }
)


@pytest.mark.parametrize(
    ("url", "connected"),
    [
        ("http://localhost:8080/a?b=c#d", "http://host.docker.internal:8080/a?b=c#d"),
        ("http://LOCALHOST:8080", "http://host.docker.internal:8080"),
        ("http://localhost/", "http://localhost/"),
        ("http://localhost:80801/", "http://localhost:80801/"),
        ("https://api.example.com/", "https://127.0.0.1:9000/"),
        ("http://api.example.com:1/", "http://127.0.0.1:9000/"),
        ("https://api.example.com:8443/", "https://staging:8443/"),
        ("https://secure.example.com/", "http://secure:80/"),
        ("http://secure.example.com/", "http://secure.example.com/"),
        ("http://user:word@api.example.com/x@y", "http://user:word@127.0.0.1:9000/x@y"),
        ("https://a.example.org:5/", "http://catch-all:5/"),
        ("https://a.b.example.org", "http://catch-all"),
        ("https://example.org/", "https://example.org/"),
        ("https://a.deep.example.org/", "https://[::1]:7/"),
        ("http://[FE80::1]:81/", "http://six:81/"),
        ("http://mailer/a", "http://mailer/a"),
        ("mailto:someone", "mailto:someone"),
        ("", ""),
    ],
)
def test_what_is_connected_to(url: str, connected: str) -> None:
    assert REWRITES.connect_to(url) == connected


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://mailer/a", "/run/mailer.sock"),
        ("http://mailer:8080", "/run/mailer.sock"),
        ("https://mailer/a", ""),
        ("https://a.side.car/", "/run/side=car:80.sock"),
        ("http://localhost:8080/", ""),
        ("mailto:someone", ""),
    ],
)
def test_which_unix_socket_is_connected_to(url: str, path: str) -> None:
    assert REWRITES.socket_path(url) == path


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_port_in_a_rewrite_means_the_one_that_is_connected_to(scheme: str) -> None:
    rewrites = Rewrites.of({"h:443": "tls", "h:80": "plain"})
    assert rewrites.connect_to(f"{scheme}://h/") == {"http": "http://plain/", "https": "https://tls/"}[scheme]


def header(request: bytes, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: (.*?)\r$", request.decode())


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://api.example.com/p?q", "api.example.com"),
        ("https://api.example.com:8443/p?q", "api.example.com:8443"),
        ("https://api.example.com:443/p?q", "api.example.com"),
    ],
)
async def test_the_request_stays_as_it_is(url: str, host: str) -> None:
    async with answering(OK) as target:
        rewrites = {"api.example.com": f"http://127.0.0.1:{target.port}"}
        async with sending(rewrites=rewrites) as sender:
            assert await sender.send(request_to(url, ("Authorization", "Bearer t"), body=b"x")) == DONE
    (request,) = target.requests
    assert request.startswith(b"POST /p?q HTTP/1.1\r\n")
    assert header(request, "Host") == [host]
    assert header(request, "Authorization") == ["Bearer t"]


async def test_a_host_header_of_the_request_wins() -> None:
    async with answering(OK) as target, sending(rewrites={"a": f"127.0.0.1:{target.port}"}) as sender:
        await sender.send(request_to("http://a/", ("Host", "b")))
    assert header(target.requests[0], "Host") == ["b"]


async def test_redirects_are_rewritten_too() -> None:
    away = b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: http://b.test/second\r\n\r\n"
    async with answering(away, OK) as target, sending(rewrites={"*.test": f"127.0.0.1:{target.port}"}) as sender:
        assert await RedirectFollower(sender).send(request_to("http://a.test/first")) == DONE
    assert [header(request, "Host") for request in target.requests] == [["a.test"], ["b.test"]]


async def test_the_egress_policy_holds_for_what_is_connected_to() -> None:
    async with answering(OK) as target:
        rewrites = {"api.example.com": f"127.0.0.1:{target.port}"}
        async with sending(EgressPolicy.PUBLIC, rewrites=rewrites) as sender:
            outcome = await sender.send(request_to("http://api.example.com/"))
    assert (outcome.reason, target.connections) == (Reason.REFUSED, 0)


async def test_the_certificate_must_hold_the_name_that_was_meant(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = CertificateAuthority(tmp_path_factory.mktemp("authority"))
    tls = authority.server_context("api.example.com")
    asked_for: list[str | None] = []
    tls.set_servername_callback(lambda _socket, name, _context: asked_for.append(name))
    async with answering(OK, tls=tls) as target:
        rewrites = dict.fromkeys(("api.example.com", "other.example.com"), f"127.0.0.1:{target.port}")
        async with sending(rewrites=rewrites, target_ca=authority.path) as sender:
            assert await sender.send(request_to("https://api.example.com/")) == DONE
            outcome = await sender.send(request_to("https://other.example.com/"))
    assert "mismatch" in outcome.detail
    assert asked_for == ["api.example.com", "other.example.com"], "no connection is shared between names"
