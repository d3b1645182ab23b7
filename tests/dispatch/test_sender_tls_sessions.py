"""A new connection to a known server resumes its session; whether it did is asked of the server."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.sending import DONE, AnySender, request_to, sending
from tests.support.targets import OK, Target, listening, read_request
from worker import tls_sessions
from worker.outcome import Reason
from worker.target_tls import TargetTls

pytestmark = pytest.mark.usefixtures("each_sender")

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@dataclass
class Server:
    """A TLS server on loopback that takes one request a connection, and whether each had resumed a session."""

    target: Target
    resumed: list[bool] = field(default_factory=list)

    def url(self, name: str = "localhost") -> str:
        return f"https://{name}:{self.target.port}/"


@contextlib.asynccontextmanager
async def closing(context: ssl.SSLContext, *, at_once: int = 1) -> AsyncIterator[Server]:
    """A server that closes each connection after an answer. It answers when so many requests have come."""
    barrier = asyncio.Barrier(at_once)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await barrier.wait()
        server.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        writer.write(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))

    async with listening(handle, tls=context) as target:
        server = Server(target)
        yield server


async def ask(sender: AnySender, *urls: str) -> None:
    for url in urls:
        assert await sender.send(request_to(url)) == DONE


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def context(request: pytest.FixtureRequest, authority: CertificateAuthority) -> ssl.SSLContext:
    """TLS of a server, in each version."""
    made = authority.server_context("localhost")
    made.maximum_version = request.param
    return made


async def test_sessions_are_resumed(context: ssl.SSLContext, authority: CertificateAuthority) -> None:
    async with closing(context) as server, sending(target_ca=authority.path) as sender:
        await ask(sender, *[server.url()] * 4)
    assert server.resumed == [False, True, True, True]


async def test_side_by_side_each_connection_has_a_session_of_its_own(
    context: ssl.SSLContext, authority: CertificateAuthority
) -> None:
    async with closing(context, at_once=5) as server, sending(target_ca=authority.path) as sender:
        for _ in range(2):
            await asyncio.gather(*(ask(sender, server.url()) for _ in range(5)))
    assert server.resumed[5:] == [True] * 5


async def test_no_session_goes_to_another_name(context: ssl.SSLContext, authority: CertificateAuthority) -> None:
    """The second server could read the session, and its certificate is for another name: it has to be shown."""
    async with closing(context) as server:
        rewrites = {"other.test": f"localhost:{server.target.port}"}
        async with sending(target_ca=authority.path, rewrites=rewrites) as sender:
            await ask(sender, server.url())
            outcome = await sender.send(request_to("https://other.test/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert "mismatch" in outcome.detail


async def test_no_session_goes_from_a_context_to_another(
    context: ssl.SSLContext, authority: CertificateAuthority
) -> None:
    """What was trusted blindly at one address proves nothing at another one of the same name."""
    async with closing(context) as server, closing(context) as other:
        blind = {f"localhost:{server.target.port}": "insecure"}
        async with sending(target_tls=blind) as sender:
            await ask(sender, server.url())
            outcome = await sender.send(request_to(other.url()))
            assert outcome.reason is Reason.NO_CONNECTION
            assert "issuer" in outcome.detail
            await ask(sender, server.url())
    assert (server.resumed, other.resumed) == ([False, True], [])


async def test_addresses_without_a_name_share_nothing(context: ssl.SSLContext) -> None:
    settings: dict[str, Any] = {"target_tls": {"*": "insecure"}, "rewrites": {"127.0.0.2": "127.0.0.1"}}
    async with closing(context) as server, sending(**settings) as sender:
        await ask(sender, *(server.url(f"127.0.0.{last}") for last in (1, 2, 1, 2)))
    assert server.resumed == [False, False, True, True]


async def test_the_check_of_a_certificate_counts_for_a_while_only(
    context: ssl.SSLContext, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with closing(context) as server, sending(target_ca=authority.path) as sender:
        await ask(sender, *[server.url()] * 2)
        monkeypatch.setattr(tls_sessions, "_TRUSTED_S", 0.0)
        await ask(sender, server.url())
        monkeypatch.undo()
        await ask(sender, server.url())
    assert server.resumed == [False, True, False, True]


async def test_a_server_that_forgets_its_sessions_is_greeted_anew(
    context: ssl.SSLContext, authority: CertificateAuthority
) -> None:
    again = authority.server_context("localhost")
    again.maximum_version = context.maximum_version
    async with closing(context) as server, closing(again) as other, sending(target_ca=authority.path) as sender:
        await ask(sender, server.url(), other.url(), other.url())
    assert (server.resumed, other.resumed) == ([False], [False, True])


async def test_a_server_without_sessions(authority: CertificateAuthority) -> None:
    context = authority.server_context("localhost")
    context.num_tickets = 0
    async with closing(context) as server, sending(target_ca=authority.path) as sender:
        await ask(sender, *[server.url()] * 3)
    assert server.resumed == [False] * 3


@pytest.fixture
def session(authority: CertificateAuthority) -> ssl.SSLSession:
    """The session of a handshake in memory."""
    context = TargetTls(authority.path, {}).default
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = authority.server_context("localhost").wrap_bio(to_server, to_client, server_side=True)
    for _ in range(2):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    server.write(b"x")
    assert client.read(1) == b"x"
    assert client.session is not None
    return client.session


def test_the_number_of_sessions_is_bounded(session: ssl.SSLSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_sessions, "_MOST_SESSIONS", 10)
    sessions = tls_sessions.TlsSessions()
    for number in range(1000):
        sessions.keep(f"{number % 7}.test", session, 1e12)
    held = [sessions.take(f"{number % 7}.test") for number in range(1000)]
    assert 0 < len([each for each in held if each]) <= 10
