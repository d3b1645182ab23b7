"""The Cloud KMS key that each location names (Cloud Tasks specification, 2.11)."""

import time

from broker.model.names import LocationName
from broker.store.backend import Backend

REMEMBERED_S = 5.0
"""How long a node goes by what it has read: after so long a key set at another node holds here too."""


class CmekStore:
    """Keys by location, few in all. Nothing is encrypted with them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._hash = backend.keys.cmek
        self._locations: frozenset[bytes] | None = None
        """The locations with a key, as last read."""
        self._read_s = 0.0

    async def key(self, location: LocationName) -> str:
        """The full name of the location's key; empty if it has none."""
        stored: bytes | None = await self._backend.command(self._hash, "HGET", self._hash, str(location))
        return stored.decode() if stored else ""

    async def set_key(self, location: LocationName, kms_key: str) -> None:
        """Name another key, or none."""
        change = ("HSET", self._hash, str(location), kms_key) if kms_key else ("HDEL", self._hash, str(location))
        await self._backend.command(self._hash, *change)
        self._locations = None

    async def is_on(self, location: LocationName) -> bool:
        """Whether the location has a key. Costs a call every few seconds, else none: creating tasks asks each time."""
        known = self._locations
        if known is None or time.monotonic() - self._read_s >= REMEMBERED_S:
            self._read_s = time.monotonic()  # calls that come while it is read go by what is known
            known = self._locations = frozenset(await self._backend.command(self._hash, "HKEYS", self._hash))
        return bool(known) and str(location).encode() in known
