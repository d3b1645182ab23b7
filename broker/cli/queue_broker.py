"""The broker of the commands that look after queues: over a store, without a node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from broker.cli.storage import open_store
from broker.metrics import Metrics
from broker.service.broker import Broker
from broker.settings import Settings


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[Broker]:
    """A broker over the Redis of the settings, else over that of a `headrace up` which uses the data directory.

    Raises StartupError.
    """
    async with open_store(settings, "" if settings.redis_url else _socket_url(settings)) as store:
        yield Broker(store, settings.limits, Metrics())


def _socket_url(settings: Settings) -> str:
    socket = settings.data_dir.absolute() / "redis.sock"
    return f"unix://{quote(str(socket))}" if socket.is_socket() else ""
