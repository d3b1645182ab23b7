"""The janitor: frees what purges leave behind and derives the due index anew, a few partitions at a time."""

import asyncio
import logging
from dataclasses import dataclass

from broker.errors import HeadraceError
from broker.store.upkeep import Upkeep
from worker.ownership import Ownership

_ROUND_S = 20.0
_GROUPS = 8
"""Partitions are visited in so many groups: waking this process and Redis costs more than a visit."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """How far the rounds through the queues of a partition have come."""

    due: int = 0
    name: str = ""


class Janitor:
    """Visits each of this dispatcher's partitions about every 20 seconds.

    A visit frees all garbage, but looks at some queues only, so its cost does not grow with their number.
    """

    def __init__(self, upkeep: Upkeep, ownership: Ownership) -> None:
        self._upkeep = upkeep
        self._ownership = ownership
        self._places: dict[int, _Place] = {}

    async def run(self) -> None:
        """Clean up until cancelled."""
        while True:
            for group in range(_GROUPS):
                for partition in self._ownership.owned[group::_GROUPS]:
                    await self._try_to_visit(partition)
                await asyncio.sleep(_ROUND_S / _GROUPS)

    async def _try_to_visit(self, partition: int) -> None:
        try:
            await self.visit(partition)
        except HeadraceError as error:
            log.debug("partition %d not visited: %s", partition, error)
        except Exception:
            # One partition with bad data must not keep the others from being visited.
            log.exception("partition %d not visited for an unexpected reason", partition)

    async def visit(self, partition: int) -> None:
        """Free a partition's garbage and go on with the rounds through its queues."""
        place = self._places.setdefault(partition, _Place())
        more, place.due, place.name = await asyncio.gather(
            self._upkeep.sweep(partition),
            self._upkeep.refresh_due(partition, place.due),
            self._upkeep.refresh(partition, place.name),
        )
        while more:
            more = await self._upkeep.sweep(partition)
