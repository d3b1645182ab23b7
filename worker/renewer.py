"""Keeping leases: all of them are renewed a few times per lease; what cannot be renewed is aborted in time."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from broker.errors import HeadraceError
from broker.store.attempts import AttemptStore
from worker.held_attempt import HeldAttempt
from worker.in_flight import InFlight

_ROUNDS_PER_LEASE = 6
MARGIN_PER_LEASE = 3
"""A request is aborted with less than this part of its lease left, so it is not begun either."""
_MOST_ATTEMPTS = 1000

log = logging.getLogger(__name__)


class Renewer:
    """Renews the leases of everything in flight, six times a lease.

    A request whose lease was not renewed is aborted between a third and a twelfth of a lease before its end, counted
    from when the last renewal was *sent*: after the end another dispatcher may have the task.
    """

    def __init__(
        self, attempts: AttemptStore, in_flight: InFlight, *, lease_s: float, abort: Callable[[HeldAttempt], None]
    ) -> None:
        self._attempts = attempts
        self._in_flight = in_flight
        self._lease_s = lease_s
        self._abort = abort

    async def run(self) -> None:
        """Renew until cancelled."""
        round_s = self._lease_s / _ROUNDS_PER_LEASE
        while True:
            await asyncio.sleep(round_s)
            by_partition: dict[int, list[HeldAttempt]] = defaultdict(list)
            for attempt in self._in_flight.held:
                by_partition[attempt.partition].append(attempt)
            renewals = [
                asyncio.create_task(self._renew(partition, held[start : start + _MOST_ATTEMPTS]))
                for partition, held in by_partition.items()
                for start in range(0, len(held), _MOST_ATTEMPTS)
            ]
            if renewals:
                await asyncio.wait(renewals, timeout=round_s / 2)
                self._abort_late()

    async def _renew(self, partition: int, held: list[HeldAttempt]) -> None:
        sent_s = asyncio.get_running_loop().time()
        keys = [attempt.key for attempt in held]
        try:
            answers = await self._attempts.renew(partition, keys, lease_us=round(self._lease_s * 1e6))
        except HeadraceError as error:
            log.warning("%d leases not renewed: %s", len(held), error)
            return
        for attempt, renewed in zip(held, answers, strict=True):
            if renewed:
                attempt.lease_until_s = max(attempt.lease_until_s, sent_s + self._lease_s)
            elif attempt in self._in_flight.held:
                attempt.lost = True
                self._abort(attempt)

    def _abort_late(self) -> None:
        latest_s = asyncio.get_running_loop().time() + self._lease_s / MARGIN_PER_LEASE
        for attempt in list(self._in_flight.held):
            if attempt.lease_until_s < latest_s:
                self._abort(attempt)
