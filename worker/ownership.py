"""Which partitions this dispatcher serves first. A preference: nothing goes wrong when two think they own one."""

import asyncio
import logging
from collections.abc import Sequence

from broker.errors import HeadraceError
from broker.store.nodes import NodeStore, owner_of

_BEAT_EVERY_S = 2.0
_SILENCE_US = 10_000_000

log = logging.getLogger(__name__)


class Ownership:
    """Beats, listens to the beats of the others, and shares the partitions among those that live."""

    def __init__(self, nodes: NodeStore, node: str, partitions: int) -> None:
        self._nodes = nodes
        self._node = node
        self._partitions = partitions
        self._live: frozenset[str] = frozenset()
        self._owned: frozenset[int] = frozenset(range(partitions))

    def owns(self, partition: int) -> bool:
        """Whether this dispatcher claims at once; others wait a moment."""
        return partition in self._owned

    @property
    def owned(self) -> Sequence[int]:
        """The partitions this dispatcher serves first."""
        return sorted(self._owned)

    async def run(self) -> None:
        """Beat until cancelled. While the store is away the last sharing holds."""
        while True:
            try:
                self._share(await self._nodes.beat(self._node, silence_us=_SILENCE_US))
            except HeadraceError as error:
                log.debug("no beat: %s", error)
            await asyncio.sleep(_BEAT_EVERY_S)

    async def leave(self) -> None:
        """Take leave, so that the others take over without waiting for the silence."""
        try:
            await self._nodes.beat(self._node, silence_us=_SILENCE_US, alive=False)
        except HeadraceError as error:
            log.debug("left without a word: %s", error)

    def _share(self, live: Sequence[str]) -> None:
        if frozenset(live) == self._live:
            return
        self._live = frozenset(live)
        nobody_lives = not live
        self._owned = frozenset(
            partition
            for partition in range(self._partitions)
            if nobody_lives or owner_of(partition, live) == self._node
        )
