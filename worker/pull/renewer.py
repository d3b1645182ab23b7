"""Keeping the leases of what a worker holds, waiting or running."""

import asyncio
import logging
from collections.abc import Callable, Collection

from broker.errors import HeadraceError
from worker.pull.held import HeldTask
from worker.pull.leases import Leases

_ROUNDS_PER_LEASE = 6
_MARGIN_PER_LEASE = 3

log = logging.getLogger(__name__)


class Renewer:
    """Renews all leases six times a lease.

    A task whose lease was not renewed is given up a third of a lease before its end, and one whose lease is gone at
    once: another worker may have it.
    """

    def __init__(self, leases: Leases, held: Collection[HeldTask], *, give_up: Callable[[HeldTask], None]) -> None:
        """`held` is looked at each time: what is taken out of it is not renewed any more."""
        self._leases, self._held, self._give_up = leases, held, give_up

    async def run(self) -> None:
        """Renew until cancelled."""
        round_s = self._leases.lease_s / _ROUNDS_PER_LEASE
        while True:
            await asyncio.sleep(round_s)
            if self._held:
                renewal = asyncio.create_task(self._renew())
                await asyncio.wait([renewal], timeout=round_s / 2)
                self._give_up_late()

    async def _renew(self) -> None:
        try:
            lost = await self._leases.renew(self._held)
        except HeadraceError as error:
            log.warning("%d leases not renewed: %s", len(self._held), error)
            return
        for held in lost:
            self._give_up(held)

    def _give_up_late(self) -> None:
        latest_s = asyncio.get_running_loop().time() + self._leases.lease_s / _MARGIN_PER_LEASE
        for held in [held for held in self._held if held.until_s < latest_s]:
            self._give_up(held)
