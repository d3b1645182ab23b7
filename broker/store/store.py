"""The store: everything that is kept, behind one object."""

from collections.abc import Callable

from redis import exceptions

from broker.errors import HeadraceError, StartupError
from broker.store.attempts import AttemptStore
from broker.store.backend import Backend
from broker.store.cmek import CmekStore
from broker.store.holds import HoldStore
from broker.store.keys import Keyspace
from broker.store.leases import LeaseStore
from broker.store.memory import ServerMemory, memory_of
from broker.store.nodes import NodeStore
from broker.store.operations import OperationStore
from broker.store.policies import PolicyStore
from broker.store.projects import ProjectStore
from broker.store.queues import QueueStore
from broker.store.quotas import QuotaStore
from broker.store.secrets import SecretStore
from broker.store.server_check import check_server
from broker.store.tasks import TaskStore
from broker.store.topology import from_url
from broker.store.upkeep import Upkeep
from broker.store.wakeups import Wakeups

_LAYOUT = "1"


class Store:
    """Queues, tasks and attempts of one deployment. Any number of processes may open the same one."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.queues = QueueStore(backend)
        self.tasks = TaskStore(backend, self.queues)
        self.attempts = AttemptStore(backend)
        self.leases = LeaseStore(backend, self.queues)
        self.holds = HoldStore(backend, self.queues)
        self.nodes = NodeStore(backend)
        self.secrets = SecretStore(backend)
        self.cmek = CmekStore(backend)
        self.operations = OperationStore(backend)
        self.policies = PolicyStore(backend)
        self.projects = ProjectStore(backend)
        self.quotas = QuotaStore(backend)
        self.upkeep = Upkeep(backend)
        self.wakeups = Wakeups(backend)

    @classmethod
    async def open(
        cls,
        redis_url: str,
        *,
        namespace: str = "hr",
        partitions: int = 64,
        clock: Callable[[], int] | None = None,
    ) -> "Store":
        """Connect and check the server. The number of partitions is fixed by whoever opens the store first.

        `clock` replaces Redis's time, for tests (us). Raises StartupError, in one line with the remedy.
        """
        topology = from_url(redis_url)
        backend = Backend(topology, Keyspace(namespace, partitions), clock)
        try:
            await topology.refresh()
            for lane in topology.lanes():
                await check_server(lane.client)
            await _check_layout(backend)
        except (exceptions.RedisError, HeadraceError) as error:
            await topology.close()
            cause = error.__cause__ or error
            raise StartupError(f"cannot use Redis at {_without_password(redis_url)}: {cause}") from error
        except StartupError:
            await topology.close()
            raise
        return cls(backend)

    async def close(self) -> None:
        """Let what is under way end and close the connections."""
        await self.backend.topology.close()

    async def time_us(self) -> int:
        """Redis's time, the one all nodes go by."""
        return await self.backend.time_us()

    async def memory(self) -> list[ServerMemory]:
        """How full each server that holds tasks is. Raises StoreUnavailable."""
        return await memory_of(self.backend.topology)

    async def ping(self) -> None:
        """Raises StoreUnavailable when Redis does not answer."""
        await self.backend.time_us()


async def _check_layout(backend: Backend) -> None:
    """Record the layout of a new store; check that of an old one, which may be full."""
    keys = backend.keys
    partitions, layout = await backend.command(keys.meta, "HMGET", keys.meta, "partitions", "layout")
    if partitions is None:
        for field, value in (("partitions", keys.partitions), ("layout", _LAYOUT)):
            await backend.command(keys.meta, "HSETNX", keys.meta, field, value)
        partitions, layout = await backend.command(keys.meta, "HMGET", keys.meta, "partitions", "layout")
    if int(partitions) != keys.partitions:
        raise StartupError(
            f"the store was made with {int(partitions)} partitions, not {keys.partitions}: "
            f"set HEADRACE_PARTITIONS={int(partitions)}"
        )
    if layout.decode() != _LAYOUT:
        raise StartupError(f"the store has layout {layout.decode()}, this version knows {_LAYOUT}: upgrade this node")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
