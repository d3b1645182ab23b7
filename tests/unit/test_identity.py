import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import google.auth.transport.requests
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.oauth2 import id_token

from broker.errors import StartupError
from broker.identity.keys import SigningKeys, thumbprint
from broker.identity.tokens import OidcMinter, openid_configuration

ISSUER = "http://127.0.0.1:8124"
EMAIL = "worker@example.iam.gserviceaccount.com"
AUDIENCE = "https://service.example/run"


class MemorySecrets:
    """Keeps the promise of the store's secrets: made once, then the same for all."""

    def __init__(self, **values: bytes) -> None:
        self.values = values

    async def get_or_create(self, name: str, make: Callable[[], bytes]) -> bytes:
        return self.values.setdefault(name, make())


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    return asyncio.run(SigningKeys.load(MemorySecrets()))


@pytest.fixture(scope="module")
def published(keys: SigningKeys) -> Iterator[str]:
    """The base URL of a server that shows the public forms of the key, as an API node does."""
    documents = {"/jwks": keys.jwks(), "/certs": keys.certs()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(documents[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def mint(minter: OidcMinter, email: str = EMAIL, audience: str = AUDIENCE, now_us: int | None = None) -> str:
    now_us = time.time_ns() // 1000 if now_us is None else now_us
    return asyncio.run(minter.authorization(email, audience, now_us)).value.removeprefix("Bearer ")


def private_key_pem(bits: int) -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_the_key_is_made_once_and_every_node_shows_the_same() -> None:
    secrets = MemorySecrets()
    first, second = (asyncio.run(SigningKeys.load(secrets)) for _ in range(2))
    assert first.key_id == second.key_id
    assert first.jwks() == second.jwks()
    assert first.certs() == second.certs()
    assert asyncio.run(SigningKeys.load(MemorySecrets())).key_id != first.key_id


def test_a_key_of_ones_own_takes_the_place_of_the_stored_one(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(private_key_pem(2048))
    secrets = MemorySecrets()
    first, second = (asyncio.run(SigningKeys.load(secrets, file)) for _ in range(2))
    assert first.key_id == second.key_id
    assert first.key_id != asyncio.run(SigningKeys.load(secrets)).key_id


@pytest.mark.parametrize("bits", [0, 1024])
def test_a_file_without_a_usable_key_says_what_is_wanted(tmp_path: Path, bits: int) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(private_key_pem(bits) if bits else b"not a key")
    with pytest.raises(StartupError, match="not usable: give an RSA private key of 2048 bits or more"):
        asyncio.run(SigningKeys.load(MemorySecrets(), file))
    with pytest.raises(StartupError, match=r"missing\.pem cannot be read"):
        asyncio.run(SigningKeys.load(MemorySecrets(), tmp_path / "missing.pem"))


def test_a_damaged_key_names_the_remedy() -> None:
    secrets = MemorySecrets(**{"oidc-signing-key": b"not a key"})
    with pytest.raises(StartupError, match="oidc-signing-key is damaged; delete it"):
        asyncio.run(SigningKeys.load(secrets))


def test_the_published_key_has_the_form_that_verifiers_expect(keys: SigningKeys) -> None:
    (key,) = keys.jwks()["keys"]
    assert {name: key[name] for name in ("kty", "alg", "use", "kid")} == {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": keys.key_id,
    }
    assert jwt.PyJWK(key).key.key_size == 2048
    certificate = x509.load_pem_x509_certificate(keys.certs()[keys.key_id].encode())
    certificate.verify_directly_issued_by(certificate)


def test_the_key_id_is_the_rfc_7638_thumbprint() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    example = {"kty": "RSA", "n": modulus, "e": "AQAB"}
    assert thumbprint(example) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("path", ["/certs", "/jwks"])
def test_google_auth_verifies_a_token_unmodified(keys: SigningKeys, published: str, path: str) -> None:
    token = mint(OidcMinter(keys, ISSUER))
    request = google.auth.transport.requests.Request()
    verified = id_token.verify_token(token, request, audience=AUDIENCE, certs_url=published + path)
    assert verified["email"] == EMAIL
    request.session.close()


def test_google_auth_refuses_another_audience_and_another_key(keys: SigningKeys, published: str) -> None:
    stranger = asyncio.run(SigningKeys.load(MemorySecrets()))
    request = google.auth.transport.requests.Request()
    for token in (mint(OidcMinter(keys, ISSUER), audience="other"), mint(OidcMinter(stranger, ISSUER))):
        with pytest.raises(ValueError, match=r"audience|Certificate"):
            id_token.verify_token(token, request, audience=AUDIENCE, certs_url=published + "/certs")
    request.session.close()


def test_pyjwt_verifies_a_token_unmodified(keys: SigningKeys, published: str) -> None:
    token = mint(OidcMinter(keys, ISSUER))
    key = jwt.PyJWKClient(published + "/jwks").get_signing_key_from_jwt(token)
    verified = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert verified["email_verified"] is True


def test_header_and_claims(keys: SigningKeys) -> None:
    token = mint(OidcMinter(keys, ISSUER), now_us=1_700_000_000_999_999)
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": keys.key_id}
    said = claims(token)
    assert said == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "azp": said["sub"],
        "sub": said["sub"],
        "email": EMAIL,
        "email_verified": True,
        "iat": 1_699_999_940,
        "exp": 1_700_003_540,
    }
    assert said["sub"].isdigit()
    assert len(said["sub"]) == 21


def test_the_account_number_follows_from_the_address_alone(keys: SigningKeys) -> None:
    subjects = [
        claims(mint(OidcMinter(keys, issuer), email=email, audience=audience))["sub"]
        for issuer, email, audience in [("a", EMAIL, "x"), ("b", EMAIL, "y"), ("a", "other@example", "x")]
    ]
    assert subjects[0] == subjects[1] != subjects[2]


@pytest.mark.parametrize(("later_s", "reused"), [(0, True), (1740, True), (1741, False), (-60, True), (-61, False)])
def test_a_token_is_reused_while_half_an_hour_remains(keys: SigningKeys, later_s: int, reused: bool) -> None:
    minter = OidcMinter(keys, ISSUER)
    now_us = 1_700_000_000_000_000
    first = mint(minter, now_us=now_us)
    assert (mint(minter, now_us=now_us + later_s * 1_000_000) == first) is reused


def count_signatures(minter: OidcMinter, calls: list[tuple[str, str]], *, at_once: bool) -> int:
    """How many distinct tokens come of these calls, each a second later than the one before."""
    tokens: list[str] = []

    async def run() -> None:
        pending = []
        for second, (email, audience) in enumerate(calls):
            call = minter.authorization(email, audience, 1_700_000_000_000_000 + second * 1_000_000)
            if at_once:
                pending.append(call)
            else:
                tokens.append((await call).value)
        tokens.extend(token.value for token in await asyncio.gather(*pending))

    asyncio.run(run())
    return len(set(tokens))


def test_concurrent_calls_sign_once_for_each_account_and_audience(keys: SigningKeys) -> None:
    calls = [(EMAIL, "a"), (EMAIL, "b"), ("other", "a")] * 20
    assert count_signatures(OidcMinter(keys, ISSUER), calls, at_once=True) == 3


def test_the_least_recently_used_token_is_forgotten_first(keys: SigningKeys) -> None:
    calls = [(EMAIL, audience) for audience in "abacab"]
    # b is forgotten for c, c for b; a is always in use.
    assert count_signatures(OidcMinter(keys, ISSUER, capacity=2), calls, at_once=False) == 4


def test_a_cancelled_caller_does_not_take_the_token_from_the_others(keys: SigningKeys) -> None:
    async def run() -> str:
        minter = OidcMinter(keys, ISSUER)
        first, second = (asyncio.create_task(minter.authorization(EMAIL, "a", 0)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).value

    assert asyncio.run(run()).startswith("Bearer ey")


def test_discovery_names_issuer_and_keys() -> None:
    document = openid_configuration("https://tasks.example/")
    assert document["issuer"] == "https://tasks.example/"
    assert document["jwks_uri"] == "https://tasks.example/jwks"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
