"""Secrets that all nodes share, such as the key that signs tokens."""

from collections.abc import Callable

from broker.store.backend import Backend


class SecretStore:
    """Named values that are made once and kept."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get_or_create(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The secret of this name; made by the first node that asks, read by every other."""
        key = self._backend.keys.secret(name)
        stored: bytes | None = await self._backend.command(key, "GET", key)
        if stored is None:
            await self._backend.command(key, "SET", key, make(), "NX")
            stored = await self._backend.command(key, "GET", key)
        if stored is None:
            raise LookupError(f"the store lost {key}")
        return stored
