"""The OpenID Connect tokens that tasks carry to their targets (Cloud Tasks specification, 5.11)."""

from typing import Any

from broker.identity.keys import ALGORITHM, SigningKeys
from broker.identity.minter import CACHED_TOKENS, Minter, account_claims


class OidcMinter(Minter):
    """Mints ID tokens; their purpose is an audience."""

    def __init__(self, keys: SigningKeys, issuer: str, *, capacity: int = CACHED_TOKENS) -> None:
        super().__init__(keys, issuer, id_token_claims, capacity=capacity)


def id_token_claims(issuer: str, email: str, audience: str, now_s: int) -> dict[str, Any]:
    """What a token says: Google's claims, for an account and an audience."""
    return account_claims(issuer, email, now_s) | {"aud": audience, "email_verified": True}


def openid_configuration(issuer: str) -> dict[str, Any]:
    """The discovery document at /.well-known/openid-configuration. Keys are at /jwks below the issuer."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer.rstrip('/')}/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
    }
