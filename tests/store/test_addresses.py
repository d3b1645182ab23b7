"""Every form of a Redis URL opens a store that works: TLS, Unix sockets, users, passwords, databases."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from broker.errors import StartupError
from broker.store.store import Store
from tests.support.certificates import CertificateAuthority
from tests.support.seeds import queue_name, seed_queue, seed_task
from tests.support.servers import Server, available_binaries, free_port


@pytest.fixture(params=available_binaries())
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Starts a server with more settings, which ends with the test."""
    started = []

    def start(*arguments: str) -> Server:
        started.append(Server(available_binaries()[request.param], *arguments))
        return started[-1]

    yield start
    for server in started:
        server.close()


async def works(url: str) -> None:
    store = await Store.open(url, partitions=1)
    await seed_queue(store)
    await seed_task(store)
    assert await store.queues.count(queue_name().parent) == 1
    await store.close()


async def test_a_database_and_a_user(start: Callable[..., Server]) -> None:
    server = start()
    server.client.acl_setuser(
        "hr", enabled=True, passwords=["+pass word"], commands=["+@all"], keys=["*"], channels=["*"]
    )
    await works(f"redis://hr:pass%20word@127.0.0.1:{server.port}/3?client_name=bench")
    assert [name for name, keys in server.client.info("keyspace").items() if keys] == ["db3"]


async def test_a_password_and_one_that_is_wrong(start: Callable[..., Server]) -> None:
    server = start()
    server.client.config_set("requirepass", "secret")
    await works(f"redis://:secret@127.0.0.1:{server.port}")
    with pytest.raises(StartupError, match="cannot use Redis at redis://127") as refused:
        await Store.open(f"redis://:wrong@127.0.0.1:{server.port}")
    assert "wrong" not in str(refused.value)


async def test_a_unix_socket(start: Callable[..., Server], tmp_path: Path) -> None:
    start("--unixsocket", str(tmp_path / "s"))
    await works(f"unix://{tmp_path}/s?db=2")


async def test_tls_and_a_certificate_that_is_not_trusted(start: Callable[..., Server], tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    authority.server_context("localhost")
    key, port = str(tmp_path / "localhost.pem"), free_port()
    files = ("--tls-cert-file", key, "--tls-key-file", key, "--tls-ca-cert-file", str(authority.path))
    try:
        server = start("--tls-port", str(port), *files, "--tls-auth-clients", "no")
    except AssertionError:
        pytest.skip("this server was built without TLS")
    with closing(redis.Redis(port=server.port)) as client:
        assert client.ping()
    await works(f"rediss://localhost:{port}?ssl_ca_certs={authority.path}")
    with pytest.raises(StartupError, match="certificate"):
        await Store.open(f"rediss://localhost:{port}")
