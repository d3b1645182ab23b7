"""A certificate that cannot be used stops a node with one line, whatever serves its ports."""

from pathlib import Path

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.fronts import FRONTS
from tests.support.up import run_headrace


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    authority = CertificateAuthority(directory)
    for name in ("a", "b"):
        key, chain = authority.issue("127.0.0.1")
        (directory / f"{name}.key").write_bytes(key)
        (directory / f"{name}.crt").write_bytes(chain)
    (directory / "text").write_text("no PEM")
    return directory


@pytest.mark.parametrize(
    ("cert", "key", "problem"),
    [
        ("a.crt", None, "TLS needs both tls_cert (HEADRACE_TLS_CERT) and tls_key (HEADRACE_TLS_KEY)"),
        (None, "a.key", "TLS needs both tls_cert (HEADRACE_TLS_CERT) and tls_key (HEADRACE_TLS_KEY)"),
        ("none", "a.key", "setting tls_cert (HEADRACE_TLS_CERT): Path does not point to a file, got '{}/none'"),
    ],
)
def test_what_is_not_there(files: Path, cert: str | None, key: str | None, problem: str):
    flags = [part for flag, name in (("--tls-cert", cert), ("--tls-key", key)) if name for part in (flag, files / name)]
    ended = run_headrace("api", "--redis-url", "redis://127.0.0.1:1", *flags)
    assert (ended.returncode, ended.stderr) == (1, f"headrace: {problem.format(files)}\n")


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(
    ("cert", "key", "problem"),
    [
        ("a.crt", "b.key", "the key in {}/b.key is not that of the certificate in {}/a.crt"),
        ("text", "a.key", "{}/text and {}/a.key are no certificate and its key as PEM, the key without a password"),
    ],
)
def test_what_does_not_fit(redis_url, redis_client, files: Path, front: str, cert: str, key: str, problem: str):
    flags = ("--tls-cert", files / cert, "--tls-key", files / key, "--front", front, "--grpc-port", 0, "--http-port", 0)
    ended = run_headrace("api", "--redis-url", redis_url, *flags)
    assert ended.returncode == 1
    assert ended.stderr == f"headrace: --tls-cert, --tls-key: {problem.format(files, files)}\n"
