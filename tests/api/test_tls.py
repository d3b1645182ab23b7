"""TLS on the ports of an API node, with each front: the official client, and a certificate that is renewed."""

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest
import requests
from cryptography import x509

from tests.api.programs import TRANSPORTS, run_with
from tests.support.certificates import CertificateAuthority
from tests.support.fronts import FRONTS
from tests.support.nodes import start_api
from tests.support.servers import empty
from tests.support.up import Node
from tests.support.waiting import eventually

HOST = "127.0.0.1"


class Files:
    """The files of a node's certificate."""

    def __init__(self, directory: Path) -> None:
        self.authority = CertificateAuthority(directory)
        self.chain, self.key = directory / "tls.crt", directory / "tls.key"
        self.replace(*self.issue())

    def issue(self) -> tuple[bytes, bytes]:
        """Another certificate and its key."""
        key, chain = self.authority.issue(HOST)
        return chain, key

    def replace(self, chain: bytes, key: bytes | None = None) -> None:
        """Put others in their place, each at once and whole."""
        for path, content in ((self.chain, chain), (self.key, key)):
            if content is not None:
                new = path.with_suffix(".new")
                new.write_bytes(content)
                new.replace(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=FRONTS)
def front(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["two ports", "one port"])
def node(request: pytest.FixtureRequest, front: str, files: Files, redis_url: str) -> Iterator[Node]:
    empty(redis_url)
    flags = ("--tls-cert", files.chain, "--tls-key", files.key, "--front", front)
    flags += ("--port", 0) if request.param == "one port" else ()
    with start_api(redis_url, *flags) as node:
        yield node


def ports(node: Node) -> set[int]:
    http = urlsplit(node.http)
    assert (http.scheme, http.hostname) == ("https", HOST)
    return {int(node.grpc.rpartition(":")[2]), http.port or 0}


def shown(port: int, files: Files) -> bytes:
    """The certificate that a port shows, as PEM, to a caller who trusts the authority and speaks HTTP/2."""
    context = ssl.create_default_context(cafile=files.authority.path)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((HOST, port), 10) as plain, context.wrap_socket(plain, server_hostname=HOST) as sock:
        assert sock.selected_alpn_protocol() == "h2"
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True)).encode()


def same(first: bytes, second: bytes) -> bool:
    return x509.load_pem_x509_certificate(first) == x509.load_pem_x509_certificate(second)


@TRANSPORTS
async def test_the_official_client_needs_to_be_told_no_more_than_the_address(
    node: Node, files: Files, transport: str
) -> None:
    address = node.grpc if transport == "grpc" else urlsplit(node.http).netloc
    trusted = dict.fromkeys(("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE"), str(files.authority.path))
    assert await run_with(sys.executable, "secure.py", transport, address, **trusted) == [True, None]


def test_the_issuer_is_the_address_with_tls(node: Node, files: Files) -> None:
    url = f"{node.http}/.well-known/openid-configuration"
    assert requests.get(url, verify=files.authority.path, timeout=10).json()["issuer"] == node.http


def test_nothing_is_said_without_tls(node: Node) -> None:
    for port in ports(node):
        with socket.create_connection((HOST, port), 10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            with suppress(ConnectionResetError):
                assert not connection.recv(100).startswith(b"HTTP/1.1 200")
    with grpc.insecure_channel(node.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/GetQueue")(b"", timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_certificate_is_used_as_soon_as_its_key_is_there_too(node: Node, files: Files) -> None:
    before, (chain, key) = files.chain.read_bytes(), files.issue()
    with requests.Session() as session:
        health = partial(session.get, f"{node.http}/healthz", verify=files.authority.path, timeout=10)
        assert health().ok
        files.replace(chain)
        for port in ports(node):
            eventually(lambda: same(shown(port, files), before) and "certificate not changed" in node.stderr)  # noqa: B023
        files.replace(chain, key)
        for port in ports(node):
            eventually(lambda: same(shown(port, files), chain))  # noqa: B023
        assert health().ok
    assert "the key in" in node.stderr
