"""Making signed tokens, each once and kept while it is good for long enough (Cloud Tasks specification, 5.11)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from broker.identity.keys import SigningKeys

LIFETIME_S = 3600
BACKDATED_S = 60
"""Tokens begin a little in the past, for targets whose clocks are behind."""
REUSED_WHILE_LEFT_S = 1800
CACHED_TOKENS = 4096

Claims = Callable[[str, str, str, int], dict[str, Any]]
"""The claims of a token, from its issuer, account, purpose, and the time (s)."""

_CacheKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Authorization:
    """The value of an Authorization header, and when it may be sent: Redis time in us, both ends included."""

    value: str
    from_us: int
    until_us: int

    def is_good(self, now_us: int) -> bool:
        """Whether it may be sent."""
        return self.from_us <= now_us <= self.until_us


class Minter:
    """Mints tokens, one per account, purpose (an audience or a scope) and half hour."""

    def __init__(self, keys: SigningKeys, issuer: str, claims: Claims, *, capacity: int = CACHED_TOKENS) -> None:
        self._keys = keys
        self._issuer = issuer
        self._claims = claims
        self._capacity = capacity
        self._tokens: OrderedDict[_CacheKey, Authorization] = OrderedDict()
        self._minting: dict[_CacheKey, asyncio.Task[Authorization]] = {}
        self._signer = ThreadPoolExecutor(1, thread_name_prefix="token-signer")

    def known(self, email: str, purpose: str, now_us: int) -> Authorization | None:
        """What `authorization` would answer, if it need not be made."""
        token = self._tokens.get((email, purpose))
        if token is None or not token.is_good(now_us):
            return None
        self._tokens.move_to_end((email, purpose))
        return token

    async def authorization(self, email: str, purpose: str, now_us: int) -> Authorization:
        """A bearer token that is good for at least 30 minutes; not one from before a clock's step back.

        `now_us` is Redis time, the only clock that all nodes share. Concurrent calls for one account and
        purpose sign once. Signing runs in a thread: it releases the interpreter, and a queue whose tasks
        have an audience each would otherwise hold up the loop.
        """
        if (token := self.known(email, purpose, now_us)) is not None:
            return token
        key = (email, purpose)
        minting = self._minting.get(key)
        if minting is None:
            minting = self._minting[key] = asyncio.create_task(self._mint(key, now_us // 1_000_000))
        return await asyncio.shield(minting)

    async def _mint(self, key: _CacheKey, now_s: int) -> Authorization:
        claims = self._claims(self._issuer, *key, now_s)
        try:
            signed = await asyncio.get_running_loop().run_in_executor(self._signer, self._keys.sign, claims)
        finally:
            del self._minting[key]
        token = self._tokens[key] = Authorization(
            f"Bearer {signed}",
            (claims["exp"] - LIFETIME_S) * 1_000_000,
            (claims["exp"] - REUSED_WHILE_LEFT_S) * 1_000_000,
        )
        self._tokens.move_to_end(key)
        if len(self._tokens) > self._capacity:
            self._tokens.popitem(last=False)
        return token


def account_claims(issuer: str, email: str, now_s: int) -> dict[str, Any]:
    """What every token says: by whom it was issued, for which account, and for how long."""
    account_id = _account_id(email)
    issued_s = now_s - BACKDATED_S
    return {
        "iss": issuer,
        "azp": account_id,
        "sub": account_id,
        "email": email,
        "iat": issued_s,
        "exp": issued_s + LIFETIME_S,
    }


def _account_id(email: str) -> str:
    """A number of 21 digits, as Google gives its accounts, that follows from the e-mail address alone."""
    return str(10**20 + int.from_bytes(sha256(email.encode()).digest()) % 10**20)
