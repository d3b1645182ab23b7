"""The OAuth access tokens that tasks carry to their targets (Cloud Tasks specification, 5.11).

Access tokens for Google's own APIs come from Google alone: a directory that somebody else keeps filled holds them. By
default the tokens are of our own making, for targets that check them with our keys.
"""

import asyncio
import re
from pathlib import Path
from typing import Any, Protocol

from broker.identity.keys import SigningKeys
from broker.identity.minter import Authorization, Minter, account_claims
from broker.identity.tokens import OidcMinter

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
"""The scope of a token that names none."""

_LARGEST_TOKEN_BYTES = 16_384
_account = re.compile(r"[A-Za-z0-9_%+\-][A-Za-z0-9._%+\-]*@[A-Za-z0-9.\-]+")
_token = re.compile(r"[\x21-\x7e]+")


class TokenUnavailable(Exception):
    """There is no token for an account. The message is one line that names the remedy."""


class AccessTokens(Protocol):
    """A source of access tokens."""

    def known(self, email: str, scope: str, now_us: int) -> Authorization | None:
        """What `authorization` would answer, if that is at hand."""

    async def authorization(self, email: str, scope: str, now_us: int) -> Authorization:
        """The token to send. `now_us` is Redis time. Raises TokenUnavailable."""


class TokenSources:
    """Everything that a dispatcher authenticates with."""

    def __init__(self, keys: SigningKeys, issuer: str, oauth_token_dir: Path | None = None) -> None:
        self.oidc = OidcMinter(keys, issuer)
        self.oauth: AccessTokens = (
            Minter(keys, issuer, access_token_claims) if oauth_token_dir is None else TokenDirectory(oauth_token_dir)
        )


class TokenDirectory:
    """Tokens in files: one for each account, named by its e-mail address; read anew for each attempt.

    The scope is up to whoever fills the directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def known(self, email: str, scope: str, now_us: int) -> Authorization | None:
        """None: the file may have changed."""

    async def authorization(self, email: str, scope: str, now_us: int) -> Authorization:
        """The content of the account's file as a bearer token, for one attempt. Raises TokenUnavailable."""
        if not _account.fullmatch(email):
            raise TokenUnavailable(f"{email[:200]!r} is no e-mail address, so it can have no file in oauth_token_dir")
        path = self._directory / email
        try:
            token = await asyncio.to_thread(_read, path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TokenUnavailable(f"no token for {email}: {path} (setting oauth_token_dir): {reason}") from error
        return Authorization(f"Bearer {token}", now_us, now_us)


def access_token_claims(issuer: str, email: str, scope: str, now_s: int) -> dict[str, Any]:
    """What a token of our own making says."""
    return account_claims(issuer, email, now_s) | {"scope": scope}


def _read(path: Path) -> str:
    with path.open("rb") as file:
        token = file.read(_LARGEST_TOKEN_BYTES).decode("ascii").strip()
    if not _token.fullmatch(token):
        raise ValueError("it does not hold one token")
    return token
