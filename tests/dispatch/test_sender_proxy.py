"""The sender and an HTTP proxy: what it is asked for, what it is told, and what its refusals come to."""

import asyncio
import re
import socket
from typing import Any

import pytest

from broker.errors import StartupError
from tests.support.certificates import CertificateAuthority
from tests.support.http_proxy import proxying
from tests.support.sending import DONE, request_to, sending
from tests.support.servers import free_port
from tests.support.targets import OK, Target, answering, listening, read_request
from worker.egress import EgressPolicy
from worker.http1 import connector
from worker.http1.sender import Http1Sender
from worker.outcome import TIMED_OUT, Reason

both = pytest.mark.usefixtures("each_sender")
"""The other tests are for ours alone. aiohttp always names the target to the proxy, be its address forbidden, rewritten
or contradicted by a Host header; it has one TLS context for proxy and target; and its errors name no proxy."""

NAME = "target.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the sender looks up. Names below .example lead where nothing in a test goes."""
    look_up, found = socket.getaddrinfo, []
    addresses = {
        "outside.example": ["93.184.216.34"],
        "mixed.example": ["10.0.0.1", "93.184.216.34", "::1", "93.184.216.35"],
        "inside.example": ["127.0.0.1", "::1"],
    }

    def answer(host: str, port: int, *details: object) -> list[object]:
        found.append(host)
        return [each for one in addresses.get(host, [host]) for each in look_up(one, port, *details)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return found


def url_of(proxy: Target, user: str = "", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{user}{host}:{proxy.port}"


async def hanging(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def first_lines(proxy: Target) -> list[str]:
    return [request.decode().partition("\r\n")[0] for request in proxy.requests]


def header(request: bytes, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: (.*?)\r$", request.decode())


@both
async def test_a_plain_request_is_made_by_the_proxy(looked_up: list[str]) -> None:
    async with answering(OK) as target, proxying() as proxy, sending(proxy=url_of(proxy, "me:p%40ss@")) as sender:
        url = f"http://{NAME}:{target.port}/a%20b?c=d#e"
        for _ in range(2):
            assert await sender.send(request_to(url, ("Authorization", "Bearer t"), body=b"work")) == DONE
    assert first_lines(proxy) == [f"POST http://{NAME}:{target.port}/a%20b?c=d HTTP/1.1"] * 2
    assert header(proxy.requests[0], "Proxy-Authorization") == ["Basic bWU6cEBzcw=="]
    assert header(proxy.requests[0], "Host") == [f"{NAME}:{target.port}"]
    assert target.requests[0].startswith(b"POST /a%20b?c=d HTTP/1.1\r\n")
    assert target.requests[0].endswith(b"\r\n\r\nwork")
    assert header(target.requests[0], "Authorization") == ["Bearer t"]
    assert proxy.connections == 1
    assert looked_up == [], "it is the proxy who looks names up"


@both
async def test_a_request_with_tls_goes_through_a_tunnel(authority: CertificateAuthority, looked_up: list[str]) -> None:
    tls = authority.server_context(NAME)
    asked_for: list[str | None] = []
    tls.set_servername_callback(lambda _socket, name, _context: asked_for.append(name))
    async with answering(OK, tls=tls) as target, proxying() as proxy:
        settings: dict[str, Any] = {"proxy": url_of(proxy, "me:pass@"), "target_ca": authority.path}
        async with sending(**settings) as sender:
            for _ in range(3):
                assert await sender.send(request_to(f"https://{NAME}:{target.port}/x", body=b"work")) == DONE
    assert first_lines(proxy) == [f"CONNECT {NAME}:{target.port} HTTP/1.1"], "connections are kept"
    assert header(proxy.requests[0], "Proxy-Authorization") == ["Basic bWU6cGFzcw=="]
    assert header(target.requests[0], "Proxy-Authorization") == [], "the target does not see the proxy's password"
    assert target.requests[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert asked_for == [NAME]
    assert looked_up == []


@both
@pytest.mark.parametrize(("certified", "why"), [("other.example", "mismatch"), (NAME, "local issuer")])
async def test_certificates_are_verified_in_a_tunnel(authority: CertificateAuthority, certified: str, why: str) -> None:
    trusted = authority.path if why == "mismatch" else None
    async with (
        answering(OK, tls=authority.server_context(certified)) as target,
        proxying() as proxy,
        sending(proxy=url_of(proxy), target_ca=trusted) as sender,
    ):
        outcome = await sender.send(request_to(f"https://{NAME}:{target.port}/"))
    assert (outcome.reason, target.requests) == (Reason.NO_CONNECTION, [])
    assert why in outcome.detail


@both
@pytest.mark.parametrize("direct", ["127.0.0.1", "127.0.0.1:{port}", "http://127.0.0.1", "*"])
async def test_the_list_of_exceptions_is_reached_directly(direct: str) -> None:
    async with answering(OK) as target, proxying() as proxy:
        address = direct.format(port=target.port)
        async with sending(proxy=url_of(proxy), no_proxy=[address]) as sender:
            assert await sender.send(request_to(target.port)) == DONE
    assert proxy.requests == []


@both
@pytest.mark.parametrize("direct", ["127.0.0.1:1", "https://127.0.0.1", "*.0.0.1.example"])
async def test_other_addresses_are_no_exceptions(direct: str) -> None:
    async with answering(OK) as target, proxying() as proxy, sending(proxy=url_of(proxy), no_proxy=[direct]) as sender:
        assert await sender.send(request_to(target.port)) == DONE
    assert first_lines(proxy) == [f"POST http://127.0.0.1:{target.port}/ HTTP/1.1"]


REFUSALS = [
    (b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nwho", "407 Who are you"),
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403 Forbidden"),
    (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502 Bad Gateway"),
    (b"HTTP/1.0 504\r\n\r\n", "504"),
    (b"HTTP/1.1 302 Over there\r\nLocation: http://evil.example/\r\n\r\n", "302"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Later\r\n\r\n", "503 Later"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 20_000 + b"\r\n", "header of more than"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "header of more than"),
    (b"", "closed the connection"),
]


@both
@pytest.mark.parametrize("answer", [answer for answer, _ in REFUSALS], ids=range(len(REFUSALS)))
async def test_a_refused_tunnel_is_no_answer_of_the_target(answer: bytes) -> None:
    async with answering(answer) as proxy, sending(proxy=url_of(proxy)) as sender:
        outcome = await sender.send(request_to(f"https://{NAME}/", deadline_us=5_000_000))
    assert (outcome.status, outcome.reason) in ((0, Reason.NO_CONNECTION), (TIMED_OUT.status, TIMED_OUT.reason))


@pytest.mark.parametrize(("answer", "why"), REFUSALS, ids=range(len(REFUSALS)))
async def test_a_refused_tunnel_says_who_refused_what(answer: bytes, why: str) -> None:
    async with answering(answer) as proxy, sending(proxy=url_of(proxy, "me:secret@")) as sender:
        outcome = await sender.send(request_to(f"https://{NAME}/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert outcome.detail.startswith(f"no tunnel to {NAME}:443 through the proxy 127.0.0.1:{proxy.port}: it ")
    assert why in outcome.detail
    assert len(proxy.requests) == 1, "it is asked once"


async def test_a_proxy_that_says_nothing_is_given_up_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "CONNECT_S", 0.1)
    async with listening(hanging) as proxy, sending(proxy=url_of(proxy)) as sender:
        outcome = await sender.send(request_to(f"https://{NAME}/"))
        await proxy.dropped.wait()
    assert outcome.reason is Reason.NO_CONNECTION
    assert outcome.detail == f"no connection to {NAME}:443 through the proxy 127.0.0.1:{proxy.port} within 0.1 s"


async def test_a_proxy_cannot_answer_in_place_of_the_target() -> None:
    async with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + OK) as proxy,
        sending(EgressPolicy.PUBLIC, proxy=url_of(proxy)) as sender,
    ):
        outcome = await sender.send(request_to("http://93.184.216.34/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert "speaks in place of the target" in outcome.detail


@both
async def test_to_a_plain_request_the_proxys_own_error_looks_like_the_targets() -> None:
    async with proxying(refuses=NAME) as proxy, sending(proxy=url_of(proxy)) as sender:
        assert (await sender.send(request_to(f"http://{NAME}:1/"))).status == 403


@both
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_no_connection(scheme: str) -> None:
    port = free_port()
    async with sending(proxy=f"http://me:secret@127.0.0.1:{port}") as sender:
        outcome = await sender.send(request_to(f"{scheme}://{NAME}/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert f"127.0.0.1:{port}" in outcome.detail or f"('127.0.0.1', {port})" in outcome.detail
    assert "secret" not in outcome.detail


@both
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_deadline_covers_a_proxy_that_says_nothing(scheme: str) -> None:
    async with listening(hanging) as proxy, sending(proxy=url_of(proxy)) as sender:
        request = request_to(f"{scheme}://{NAME}/", deadline_us=100_000)
        assert await sender.send(request) == TIMED_OUT
        await proxy.dropped.wait()


@both
async def test_a_kept_tunnel_that_ended_costs_no_attempt(authority: CertificateAuthority) -> None:
    async with answering(OK, b"", OK, tls=authority.server_context(NAME)) as target, proxying() as proxy:
        settings: dict[str, Any] = {"proxy": url_of(proxy), "target_ca": authority.path}
        async with sending(**settings) as sender:
            for _ in range(2):
                assert await sender.send(request_to(f"https://{NAME}:{target.port}/")) == DONE
    assert len(proxy.requests) == 2


async def test_stop_ends_what_waits_for_the_proxy() -> None:
    async with listening(hanging) as proxy:
        async with sending(proxy=url_of(proxy)) as sender:
            running = asyncio.create_task(sender.send(request_to(f"https://{NAME}/")))
            await proxy.connected.wait()
        assert (await running).reason is Reason.NO_CONNECTION
        await proxy.dropped.wait()


async def test_an_address_that_is_none_stops_the_start() -> None:
    with pytest.raises(StartupError, match="the target proxy has an address that is none; write") as refusal:
        await Http1Sender(EgressPolicy.ANY, proxy="http://me:secret@a b:1").start()
    assert "secret" not in str(refusal.value)


async def test_plain_requests_to_several_targets_share_a_connection_to_the_proxy() -> None:
    async with answering(OK) as target, proxying() as proxy, sending(proxy=url_of(proxy)) as sender:
        for name in ("a.example", "b.example"):
            assert await sender.send(request_to(f"http://{name}:{target.port}/")) == DONE
    assert proxy.connections == 1
    assert [header(request, "Host") for request in target.requests] == [
        [f"{name}.example:{target.port}"] for name in "ab"
    ]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["outside.example", "mixed.example", "93.184.216.34"])
async def test_public_asks_the_proxy_for_addresses_that_are(
    authority: CertificateAuthority, looked_up: list[str], host: str, scheme: str
) -> None:
    """A name would be looked up once more by the proxy, which may get another answer: one from inside."""
    tls = authority.server_context("outside.example") if scheme == "https" else None
    trust: dict[str, Any] = {"target_tls": {"*": "insecure"}}
    async with (
        answering(OK, tls=tls) as target,
        proxying() as proxy,
        sending(EgressPolicy.PUBLIC, proxy=url_of(proxy), **trust) as sender,
    ):
        assert await sender.send(request_to(f"{scheme}://{host}:{target.port}/")) == DONE
    assert first_lines(proxy) == [f"CONNECT 93.184.216.34:{target.port} HTTP/1.1"]
    assert header(target.requests[0], "Host") == [f"{host}:{target.port}"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["inside.example", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost"])
async def test_public_asks_the_proxy_for_nothing_inside(looked_up: list[str], host: str, scheme: str) -> None:
    async with proxying() as proxy, sending(EgressPolicy.PUBLIC, proxy=url_of(proxy)) as sender:
        outcome = await sender.send(request_to(f"{scheme}://{host}:1/"))
    assert outcome.reason is Reason.REFUSED
    assert (proxy.requests, proxy.connections) == ([], 0)


async def test_public_holds_for_exceptions_too() -> None:
    async with answering(OK) as target, proxying() as proxy:
        settings: dict[str, Any] = {"proxy": url_of(proxy), "no_proxy": ["127.0.0.1"]}
        async with sending(EgressPolicy.PUBLIC, **settings) as sender:
            assert (await sender.send(request_to(target.port))).reason is Reason.REFUSED
    assert target.connections == 0


async def test_a_tunnel_is_asked_to_the_next_address_if_one_is_refused(looked_up: list[str]) -> None:
    async with (
        answering(OK) as target,
        proxying(refuses="93.184.216.34") as proxy,
        sending(EgressPolicy.PUBLIC, proxy=url_of(proxy)) as sender,
    ):
        assert await sender.send(request_to(f"http://mixed.example:{target.port}/")) == DONE
    assert [line.split()[1] for line in first_lines(proxy)] == [f"93.184.216.{last}:{target.port}" for last in (34, 35)]


@pytest.mark.parametrize(
    ("url", "headers", "rewrites"),
    [
        ("http://meant.example/", [], {"meant.example": "http://" + NAME + ":{port}"}),
        ("http://" + NAME + ":{port}/", [("Host", "meant.example")], {}),
    ],
)
async def test_a_host_that_the_proxy_would_replace_goes_through_a_tunnel(
    url: str, headers: list[tuple[str, str]], rewrites: dict[str, str]
) -> None:
    async with answering(OK) as target, proxying() as proxy:
        to = {source: address.format(port=target.port) for source, address in rewrites.items()}
        async with sending(proxy=url_of(proxy), rewrites=to) as sender:
            assert await sender.send(request_to(url.format(port=target.port), *headers)) == DONE
    assert first_lines(proxy) == [f"CONNECT {NAME}:{target.port} HTTP/1.1"]
    assert header(target.requests[0], "Host") == ["meant.example"]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_tls_to_the_proxy_itself(authority: CertificateAuthority, scheme: str) -> None:
    tls = authority.server_context(NAME) if scheme == "https" else None
    async with answering(OK, tls=tls) as target, proxying(tls=authority.server_context("localhost")) as proxy:
        settings: dict[str, Any] = {
            "proxy": url_of(proxy, scheme="https", host="localhost"),
            "target_ca": authority.path,
        }
        async with sending(**settings) as sender:
            for _ in range(2):
                assert await sender.send(request_to(f"{scheme}://{NAME}:{target.port}/", body=b"x" * 100_000)) == DONE
        async with sending(**settings | {"target_ca": None}) as sender:
            outcome = await sender.send(request_to(f"{scheme}://{NAME}:{target.port}/"))
    assert proxy.connections == 1, "it is kept, and no other stands"
    assert (outcome.reason, len(target.requests)) == (Reason.NO_CONNECTION, 2)
    assert f"the proxy localhost:{proxy.port} cannot be reached" in outcome.detail
    assert "certificate" in outcome.detail


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_tunnel_that_ends_at_once_is_no_connection(scheme: str) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async with listening(handle) as proxy, sending(EgressPolicy.PUBLIC, proxy=url_of(proxy)) as sender:
        outcome = await sender.send(request_to(f"{scheme}://93.184.216.34/"))
    assert outcome.reason is Reason.NO_CONNECTION
