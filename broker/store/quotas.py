"""Calls a minute, counted over all API nodes."""

from collections.abc import Mapping

from broker.model.names import LocationName
from broker.store import scripts
from broker.store.backend import Backend

_SPEND = scripts.load("quota_spend", arguments="now_us location", row="name cap")


class QuotaStore:
    """Counters by location, quota and minute; they vanish by themselves."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def spend(self, location: LocationName, caps: Mapping[str, int]) -> str:
        """Count one call against caps a minute, by name; the name of one that is used up, "" if it was counted.

        Costs a script call in the location's partition.
        """
        partition = self._backend.keys.partition_of(location)
        flat = [part for cap in caps.items() for part in cap]
        used_up: bytes = await self._backend.run(_SPEND, partition, self._backend.now_argument(), str(location), *flat)
        return used_up.decode()
