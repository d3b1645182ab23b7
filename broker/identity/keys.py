"""The key that signs tokens, and the forms in which targets get its public half."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from broker.errors import StartupError

ALGORITHM = "RS256"
_SECRET_NAME = "oidc-signing-key"
_FEWEST_BITS = 2048
_CERTIFICATE_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
_CERTIFICATE_ENDS = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The value that RFC 5280, 4.1.2.5 gives to a certificate without an end."""


class Secrets(Protocol):
    """Where the key is kept: the store's secrets, or anything that keeps its one promise."""

    async def get_or_create(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The secret of that name, made first if there is none. Every caller gets the same value."""


class SigningKeys:
    """An RSA key and its public forms. The same on every node that shares a store."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key
        self._public_jwk = _public_jwk(private_key.public_key())
        self.key_id = thumbprint(self._public_jwk)
        """The RFC 7638 thumbprint, so that it depends on nothing but the key."""

    @classmethod
    async def load(cls, secrets: Secrets, file: Path | None = None) -> "SigningKeys":
        """The key in the file; without one that of the store, made on the first start.

        Raises StartupError if it is not usable.
        """
        if file is not None:
            return cls._read_file(file)
        private_key = _private_key(await secrets.get_or_create(_SECRET_NAME, _new_private_key))
        if private_key is None:
            raise StartupError(f"the stored secret {_SECRET_NAME} is damaged; delete it to have a new one made")
        return cls(private_key)

    @classmethod
    def _read_file(cls, file: Path) -> "SigningKeys":
        try:
            private_key = _private_key(file.read_bytes())
        except OSError as error:
            raise StartupError(f"signing key {file} cannot be read: {error.strerror}") from error
        if private_key is None or private_key.key_size < _FEWEST_BITS:
            raise StartupError(
                f"signing key {file} is not usable: give an RSA private key of {_FEWEST_BITS} bits or more, "
                "as PEM without a password"
            )
        return cls(private_key)

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with these claims. Takes about 0.4 ms of CPU; may be called from any thread."""
        return jwt.encode(claims, self._private_key, ALGORITHM, headers={"kid": self.key_id})

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517) that verifies the tokens."""
        return {"keys": [{**self._public_jwk, "kid": self.key_id, "alg": ALGORITHM, "use": "sig"}]}

    def certs(self) -> dict[str, str]:
        """Key id to PEM certificate, the older form that Google publishes and its libraries expect.

        All of the certificate follows from the key, its signature too, so that every node shows the same.
        """
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headrace")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private_key.public_key())
            .serial_number(int.from_bytes(self.key_id.encode()[:16]))
            .not_valid_before(_CERTIFICATE_BEGINS)
            .not_valid_after(_CERTIFICATE_ENDS)
            .sign(self._private_key, hashes.SHA256())
        )
        return {self.key_id: certificate.public_bytes(serialization.Encoding.PEM).decode()}


def _private_key(pem: bytes) -> rsa.RSAPrivateKey | None:
    """The RSA key in a PEM text, or None if there is none that opens without a password."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _new_private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=_FEWEST_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_jwk(key: rsa.RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"e": _base64_number(numbers.e), "kty": "RSA", "n": _base64_number(numbers.n)}


def thumbprint(public_jwk: dict[str, str]) -> str:
    """The RFC 7638 thumbprint of a key given by its required members alone."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(json.dumps(public_jwk, separators=(",", ":"), sort_keys=True).encode())
    return _base64(digest.finalize())


def _base64_number(number: int) -> str:
    return _base64(number.to_bytes((number.bit_length() + 7) // 8))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
