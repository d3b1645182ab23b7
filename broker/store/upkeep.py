"""Housekeeping in bounded steps: freeing what purges leave behind, deriving the due index anew."""

from broker.store import scripts
from broker.store.backend import Backend

_SWEEP = scripts.load("garbage_sweep", arguments="now_us limit")
_REFRESH = scripts.load("queue_refresh", arguments="now_us after limit")
_REFRESH_DUE = scripts.load("due_refresh", arguments="now_us first limit")

_STEP_RECORDS = 200
_STEP_QUEUES = 10
_STEP_DUE = 50


class Upkeep:
    """The janitor's scripts. Any number of janitors may run at the same time."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def sweep(self, partition: int) -> bool:
        """Free some of a partition's garbage; whether there is more."""
        _, more = await self._backend.run(_SWEEP, partition, self._backend.now_argument(), _STEP_RECORDS)
        return bool(more)

    async def refresh_due(self, partition: int, first: int) -> int:
        """Derive `due` anew for some of the queues that it holds for later, `first` of which the round has passed.

        How many it has passed then; 0: it begins anew.
        """
        passed: int = await self._backend.run(_REFRESH_DUE, partition, self._backend.now_argument(), first, _STEP_DUE)
        return passed

    async def refresh(self, partition: int, after: str) -> str:
        """Derive `due` anew for some of the queues that come after a name; the last one visited, empty at the end."""
        last: bytes = await self._backend.run(_REFRESH, partition, self._backend.now_argument(), after, _STEP_QUEUES)
        return last.decode()
