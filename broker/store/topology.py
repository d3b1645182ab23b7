"""Which Redis node holds which partition: one server, or the masters of a cluster."""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot

from broker.errors import StartupError
from broker.store.lane import Lane

_CLUSTER_SCHEMES = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_PLAIN_SCHEMES = ("redis", "rediss", "unix")
_ANSWER_WITHIN_S = 5.0
_TELL_SLOTS_WITHIN_S = 1.0
_MOST_CONNECTIONS = 8


class Topology(Protocol):
    """Finds the node for a key."""

    def lane(self, key: str) -> Lane:
        """The node that holds `key`, as far as is known."""

    def lanes(self) -> Iterable[Lane]:
        """Every node."""

    async def refresh(self) -> None:
        """Learn anew which node holds what. Raises redis exceptions."""

    async def close(self) -> None:
        """Close every connection."""


def from_url(url: str) -> Topology:
    """The topology that a URL describes. Raises StartupError naming the forms there are."""
    scheme = urlsplit(url).scheme
    try:
        if scheme in _PLAIN_SCHEMES:
            return SingleNode(_client(url))
        if scheme in _CLUSTER_SCHEMES:
            return ClusterNodes(url)
    except (TypeError, ValueError) as error:
        raise StartupError(f"the redis URL cannot be used: {error}") from error
    raise StartupError(
        f"the redis URL begins with {scheme!r}: use redis://HOST:PORT/DB, rediss:// with TLS, unix:///PATH, "
        "or redis+cluster://HOST:PORT,HOST:PORT"
    )


def _client(url: str, answer_within_s: float = _ANSWER_WITHIN_S) -> Redis:
    # A script that ran may not run again, so the client never retries by itself.
    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=answer_within_s,
        socket_connect_timeout=answer_within_s,
        max_connections=_MOST_CONNECTIONS,
    )


class SingleNode:
    """One server holds everything."""

    def __init__(self, client: Redis) -> None:
        self._lane = Lane(client)

    def lane(self, key: str) -> Lane:
        """The one node."""
        return self._lane

    def lanes(self) -> Iterable[Lane]:
        """The one node."""
        return (self._lane,)

    async def refresh(self) -> None:
        """Nothing to learn."""

    async def close(self) -> None:
        """Close the connections."""
        await self._lane.close()


class ClusterNodes:
    """The masters of a Redis Cluster, found through any of its nodes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        scheme = _CLUSTER_SCHEMES[parts.scheme]
        self._prefix = f"{scheme}://{credentials}@" if credentials else f"{scheme}://"
        self._suffix = f"?{parts.query}" if parts.query else ""
        self._seeds = hosts.split(",")
        self._lanes: dict[str, Lane] = {}
        self._ranges: list[tuple[int, int, str]] = []
        self._refreshing: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def lane(self, key: str) -> Lane:
        """The master of the key's slot."""
        slot = key_slot(key.encode())
        for first, last, address in self._ranges:
            if first <= slot <= last:
                return self._lanes[address]
        raise exceptions.ClusterDownError(f"no node serves slot {slot}")

    def lanes(self) -> Iterable[Lane]:
        """Every master."""
        return tuple(self._lanes.values())

    async def refresh(self) -> None:
        """Ask the nodes, one after the other, for the slot map. Callers at the same time share one asking."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._ask())
            self._refreshing.add_done_callback(self._forget)
        await asyncio.shield(self._refreshing)

    def _url(self, address: str) -> str:
        return f"{self._prefix}{address}{self._suffix}"

    def _forget(self, _: "asyncio.Task[None]") -> None:
        self._refreshing = None

    async def _ask(self) -> None:
        error: Exception = exceptions.ConnectionError("the cluster has no nodes")
        for address in dict.fromkeys([*self._lanes, *self._seeds]):
            client = _client(self._url(address), _TELL_SLOTS_WITHIN_S)
            try:
                slots = await client.execute_command("CLUSTER SLOTS")
            except exceptions.RedisError as failure:
                error = failure
            else:
                self._adopt(slots, address)
                return
            finally:
                await client.aclose()
        raise error

    def _adopt(self, slots: list[Any], asked: str) -> None:
        ranges = []
        for first, last, (host, port, *_), *_ in slots:
            # An empty host means: the one you asked.
            name = host.decode() if host else asked.rpartition(":")[0].strip("[]")
            ranges.append((first, last, f"[{name}]:{port}" if ":" in name else f"{name}:{port}"))
        for address in {address for _, _, address in ranges} - self._lanes.keys():
            self._lanes[address] = Lane(_client(self._url(address)))
        gone = self._lanes.keys() - {address for _, _, address in ranges}
        self._ranges = ranges
        for address in gone:
            # In the background: commands that still wait for a dead node hold it up.
            leaving = asyncio.create_task(self._lanes.pop(address).close())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Close every connection."""
        for lane in self._lanes.values():
            await lane.close()
        await asyncio.gather(*self._leaving)
