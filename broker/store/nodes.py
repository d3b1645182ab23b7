"""Live dispatchers, and who should serve which partition."""

import hashlib
from collections.abc import Sequence

from broker.store import scripts
from broker.store.backend import Backend

_BEAT = scripts.load("node_beat", arguments="now_us node alive silence_us")


class NodeStore:
    """The dispatchers' beats. A preference for sharing work: nothing depends on it being right."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def beat(self, node: str, *, silence_us: int, alive: bool = True) -> list[str]:
        """Say that `node` lives (or takes its leave) and learn all that do, those silent for `silence_us` left out."""
        answer = await self._backend.run_on(
            _BEAT, self._backend.keys.dispatchers, self._backend.now_argument(), node, int(alive), silence_us
        )
        return [member.decode() for member in answer]


def owner_of(partition: int, nodes: Sequence[str]) -> str | None:
    """The node that should serve a partition: rendezvous hashing, so a node that comes or goes moves only its own."""

    def weight(node: str) -> bytes:
        return hashlib.blake2b(f"{partition}/{node}".encode(), digest_size=8).digest()

    return max(nodes, key=weight, default=None)
