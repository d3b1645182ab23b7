"""Operations of batch calls in the store: what they answered, for a while."""

from broker.model.names import OperationName
from broker.store import scripts
from broker.store.backend import Backend

_KEEP = scripts.load("operation_keep", arguments="now_us operation content ttl_s")


class OperationStore:
    """Opaque contents by the operation's name. They are spread over the partitions and end by themselves."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get(self, name: OperationName) -> bytes | None:
        """The content kept under a name, None if there is none (any more)."""
        keys = self._backend.keys
        key = keys.operation(keys.partition_of(name), str(name))
        content: bytes | None = await self._backend.command(key, "GET", key)
        return content

    async def keep(self, name: OperationName, content: bytes, *, ttl_s: int) -> bytes:
        """Keep a content for `ttl_s` seconds and answer it; or the one that was kept first. Works in a full store."""
        partition = self._backend.keys.partition_of(name)
        arguments = (self._backend.now_argument(), str(name), content, max(1, ttl_s))
        kept: bytes = await self._backend.run(_KEEP, partition, *arguments)
        return kept
