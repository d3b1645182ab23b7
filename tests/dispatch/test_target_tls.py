"""Trust for single targets: an authority of their own, or none asked for."""

import asyncio
from pathlib import Path

import pytest

from broker.errors import StartupError
from tests.support.certificates import CertificateAuthority
from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering
from worker.outcome import Outcome, Reason
from worker.target_tls import TargetTls


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[CertificateAuthority, CertificateAuthority]:
    """Two that do not know of each other."""
    one, other = (CertificateAuthority(tmp_path_factory.mktemp(name), name) for name in ("one", "other"))
    return one, other


Authorities = tuple[CertificateAuthority, CertificateAuthority]


async def outcomes(
    authorities: Authorities, target_tls: dict[str, str], *, name: str = "localhost", target_ca: Path | None = None
) -> list[Outcome]:
    """What comes of a request to each of two servers on localhost: `one` and `other` stand for their addresses."""
    servers = [authority.server_context(name) for authority in authorities]
    async with answering(OK, tls=servers[0]) as one, answering(OK, tls=servers[1]) as other:
        places = {"one": f"localhost:{one.port}", "other": f"localhost:{other.port}"}
        by_address = {places.get(address, address): value for address, value in target_tls.items()}
        async with sending(target_tls=by_address, target_ca=target_ca) as sender:
            return await asyncio.gather(*(sender.send(request_to(f"https://{place}/")) for place in places.values()))


def are_done(found: list[Outcome]) -> list[bool]:
    assert all(outcome == DONE or outcome.reason is Reason.NO_CONNECTION for outcome in found)
    return [outcome == DONE for outcome in found]


async def test_each_target_has_its_own_authority(authorities: Authorities) -> None:
    one, other = (str(authority.path) for authority in authorities)
    assert are_done(await outcomes(authorities, {"one": one, "other": other})) == [True, True]
    assert are_done(await outcomes(authorities, {"one": other, "other": one})) == [False, False]
    assert are_done(await outcomes(authorities, {"one": one})) == [True, False]


async def test_an_authority_of_a_target_goes_beside_that_of_all(authorities: Authorities) -> None:
    one, other = authorities
    found = await outcomes(authorities, {"localhost": str(other.path)}, target_ca=one.path)
    assert are_done(found) == [True, True]


@pytest.mark.parametrize("address", ["one", "localhost", "https://localhost", "*"])
async def test_an_insecure_target_need_not_prove_anything(authorities: Authorities, address: str) -> None:
    found = await outcomes(authorities, {address: "insecure"}, name="elsewhere")
    assert are_done(found) == [True, address != "one"]


async def test_the_target_may_be_named_as_meant_or_as_connected_to(authorities: Authorities) -> None:
    async with answering(OK, tls=authorities[0].server_context("localhost")) as target:
        rewrites = {"api.example.com": f"localhost:{target.port}"}
        for address in ("api.example.com", f"localhost:{target.port}"):
            async with sending(rewrites=rewrites, target_tls={address: "insecure"}) as sender:
                assert await sender.send(request_to("https://api.example.com/")) == DONE


async def test_connections_are_kept(authorities: Authorities) -> None:
    tls = authorities[0].server_context("localhost")
    async with answering(OK, tls=tls) as target, sending(target_tls={"localhost": "insecure"}) as sender:
        for _ in range(3):
            assert await sender.send(request_to(f"https://localhost:{target.port}/")) == DONE
    assert target.connections == 1


def test_a_file_that_holds_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(StartupError, match=r"target CA file .*ca\.pem cannot be used .*; give a PEM file"):
        TargetTls(None, {"h": str(tmp_path / "ca.pem")})
