"""The sender and TLS: certificates are verified, names are sent and checked."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering, listening
from worker.outcome import TIMED_OUT, Outcome, Reason


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


async def outcome_of(tls: ssl.SSLContext | None, scheme: str, target_ca: Path | None) -> Outcome:
    async with answering(OK, tls=tls) as target, sending(target_ca=target_ca) as sender:
        outcome = await sender.send(request_to(f"{scheme}://localhost:{target.port}/"))
    if outcome != DONE:
        assert not target.requests, "nothing is sent to a target that is not trusted"
    return outcome


async def test_a_target_certified_by_the_given_authority_is_trusted(authority: CertificateAuthority) -> None:
    tls = authority.server_context("localhost")
    asked_for: list[str | None] = []
    tls.set_servername_callback(lambda _socket, name, _context: asked_for.append(name))
    assert await outcome_of(tls, "https", authority.path) == DONE
    assert asked_for == ["localhost"]


async def test_tls_connections_are_kept(authority: CertificateAuthority) -> None:
    tls = authority.server_context("localhost")
    async with answering(OK, tls=tls) as target, sending(target_ca=authority.path) as sender:
        for _ in range(3):
            assert await sender.send(request_to(f"https://localhost:{target.port}/")) == DONE
    assert target.connections == 1


@pytest.mark.parametrize(
    ("host", "expired", "trusted", "why"),
    [
        ("localhost", False, False, "unable to get local issuer certificate"),
        ("elsewhere", False, True, "mismatch"),
        ("localhost", True, True, "expired"),
    ],
)
async def test_certificates_are_verified(
    authority: CertificateAuthority, host: str, expired: bool, trusted: bool, why: str
) -> None:
    tls = authority.server_context(host, expired=expired)
    outcome = await outcome_of(tls, "https", authority.path if trusted else None)
    assert (outcome.status, outcome.reason) == (0, Reason.NO_CONNECTION)
    assert why in outcome.detail


async def test_the_wrong_scheme_is_no_connection(authority: CertificateAuthority) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    async with listening(babble) as target, sending() as sender:
        outcome = await sender.send(request_to(f"https://127.0.0.1:{target.port}/"))
    assert outcome.reason is Reason.NO_CONNECTION
    assert (await outcome_of(authority.server_context("localhost"), "http", None)).reason is Reason.NO_CONNECTION


async def test_the_deadline_covers_the_handshake() -> None:
    async with listening(lambda reader, writer: reader.read()) as target, sending() as sender:
        request = request_to(f"https://127.0.0.1:{target.port}/", deadline_us=100_000)
        assert await sender.send(request) == TIMED_OUT
        await target.dropped.wait()
