"""The egress policy holds where the socket connects, for literals and names alike."""

import socket

import pytest

from tests.support.sending import DONE, request_to, sending
from tests.support.targets import OK, answering
from worker.egress import EgressPolicy
from worker.outcome import Reason


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the network: names below .example that have addresses inside."""
    look_up = socket.getaddrinfo
    names = {
        "inside.example": ["127.0.0.1"],
        "inside-twice.example": ["127.0.0.1", "127.0.0.2", "::1"],
        "mapped.example": ["::ffff:127.0.0.1"],
    }

    def answer(host: str, port: int, *details: object) -> list[object]:
        found: list[object] = []
        for address in names.get(host, [host]):
            found += look_up(address, port, *details)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(socket, "getaddrinfo", answer)


LOOPBACK_HOSTS = [
    *("127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost"),
    *("inside.example", "inside-twice.example", "mapped.example"),
]


@pytest.mark.usefixtures("name_server")
@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_public_connects_to_nothing_inside(host: str) -> None:
    async with answering(OK) as target, sending(EgressPolicy.PUBLIC) as sender:
        outcome = await sender.send(request_to(f"http://{host}:{target.port}/"))
        assert (outcome.status, outcome.reason) == (0, Reason.REFUSED)
        assert "egress" in outcome.detail
        https = await sender.send(request_to(f"https://{host}:{target.port}/"))
        assert https.reason is Reason.REFUSED
    assert target.connections == 0


@pytest.mark.usefixtures("name_server")
@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "0"])
async def test_public_connects_to_nothing_inside_however_it_is_spelled(host: str) -> None:
    async with answering(OK) as target, sending(EgressPolicy.PUBLIC) as sender:
        outcome = await sender.send(request_to(f"http://{host}:{target.port}/"))
        assert outcome.reason in (Reason.REFUSED, Reason.NO_CONNECTION)
    assert target.connections == 0


@pytest.mark.usefixtures("name_server")
@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_any_connects_everywhere(host: str) -> None:
    async with answering(OK) as target, sending(EgressPolicy.ANY) as sender:
        assert await sender.send(request_to(f"http://{host}:{target.port}/")) == DONE
