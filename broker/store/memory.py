"""How full the servers are that hold the tasks."""

from dataclasses import dataclass

from redis import exceptions
from redis.asyncio import Redis

from broker.store.backend import StoreUnavailable
from broker.store.server_check import parse_info
from broker.store.topology import Topology


@dataclass(frozen=True, slots=True)
class ServerMemory:
    """The memory of one server."""

    address: str
    """HOST:PORT, or the path of a Unix socket."""
    used_bytes: int
    limit_bytes: int
    """Its maxmemory, 0 for none."""


async def memory_of(topology: Topology) -> list[ServerMemory]:
    """The memory of each master. One command a server. Raises StoreUnavailable."""
    found = []
    for lane in topology.lanes():
        try:
            info = parse_info(await lane.command("INFO", "memory"))
        except exceptions.RedisError as error:
            raise StoreUnavailable(error) from error
        used, limit = info.get("used_memory", "0"), info.get("maxmemory", "0")
        found.append(ServerMemory(_address(lane.client), int(used), int(limit)))
    return found


def _address(client: Redis) -> str:
    where = client.connection_pool.connection_kwargs
    return str(where["path"]) if "path" in where else f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"
