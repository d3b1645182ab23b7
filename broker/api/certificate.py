"""The certificate of an API node that speaks TLS: read from its files, and again whenever they change."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from broker.errors import StartupError

_log = logging.getLogger(__name__)

_PROTOCOLS = ["http/1.1", "h2"]
"""What a caller can choose. One that speaks both gets the first: HTTP/2 is spoken by gRPC alone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, which belong together."""

    chain: bytes
    """The certificate, and those that lead to its authority, as PEM."""
    key: bytes
    """As PEM."""
    context: ssl.SSLContext


class Certificate:
    """A certificate and its key in two files, which may be one. New ones are used from the next connection on.

    Raises StartupError if they cannot be used.
    """

    def __init__(self, chain_path: Path, key_path: Path) -> None:
        self.key_path = key_path
        self._chain_path = chain_path
        self._written = self._look()
        self._pair = self._read()

    def current(self) -> Pair:
        """What is in the files now; what was in them last as long as they do not fit together. Costs a look at both."""
        written = self._look()
        if written != self._written:
            self._written = written
            try:
                self._pair = self._read()
            except StartupError as error:
                _log.warning("certificate not changed", extra={"reason": str(error)})
            else:
                _log.info("certificate changed")
        return self._pair

    def ssl_context(self) -> ssl.SSLContext:
        """For servers of asyncio."""

        def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.current().context

        context = _context(self._chain_path, self.key_path)
        context.sni_callback = renew
        return context

    def grpc_credentials(self) -> Any:
        """For servers of gRPC."""
        pair = self._pair

        def changed() -> Any:
            nonlocal pair
            before, pair = pair, self.current()
            return None if pair is before else _grpc_configuration(pair)

        return grpc.dynamic_ssl_server_credentials(_grpc_configuration(pair), changed)

    def _look(self) -> list[tuple[int, int, int] | None]:
        """What tells that a file is another than before."""
        return [_signature(path) for path in (self._chain_path, self.key_path)]

    def _read(self) -> Pair:
        try:
            context = _context(self._chain_path, self.key_path)
            return Pair(self._chain_path.read_bytes(), self.key_path.read_bytes(), context)
        except ssl.SSLError as error:
            chain, key = self._chain_path, self.key_path
            problem = f"{chain} and {key} are no certificate and its key as PEM, the key without a password"
            if error.reason == "KEY_VALUES_MISMATCH":
                problem = f"the key in {key} is not that of the certificate in {chain}"
            raise StartupError(f"--tls-cert, --tls-key: {problem}") from error
        except OSError as error:
            path = error.filename or f"{self._chain_path} or {self.key_path}"
            raise StartupError(f"--tls-cert, --tls-key: cannot read {path} ({error.strerror})") from error


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _context(chain_path: Path, key_path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain_path, key_path, password="")
    context.set_alpn_protocols(_PROTOCOLS)
    return context


def _grpc_configuration(pair: Pair) -> Any:
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.chain)])
