"""The janitor: frees what purges leave behind and derives the due index anew, a partition after the other."""

import asyncio
import logging

from broker.errors import HeadraceError
from broker.store.upkeep import Upkeep
from worker.ownership import Ownership

_ROUND_S = 20.0
_LONGEST_PAUSE_S = 1.0

log = logging.getLogger(__name__)


class Janitor:
    """Visits each of this dispatcher's partitions about every 20 seconds."""

    def __init__(self, upkeep: Upkeep, ownership: Ownership) -> None:
        self._upkeep = upkeep
        self._ownership = ownership

    async def run(self) -> None:
        """Clean up until cancelled."""
        while True:
            owned = self._ownership.owned
            for partition in owned:
                try:
                    await self._visit(partition)
                except HeadraceError as error:
                    log.debug("partition %d not visited: %s", partition, error)
                except Exception:
                    # One partition with bad data must not keep the others from being visited.
                    log.exception("partition %d not visited for an unexpected reason", partition)
                await asyncio.sleep(min(_LONGEST_PAUSE_S, _ROUND_S / len(owned)))
            if not owned:
                await asyncio.sleep(_LONGEST_PAUSE_S)

    async def _visit(self, partition: int) -> None:
        more = True
        while more:
            more = await self._upkeep.sweep(partition)
        after = await self._upkeep.refresh(partition, "")
        while after:
            after = await self._upkeep.refresh(partition, after)
