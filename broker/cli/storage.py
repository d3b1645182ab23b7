"""The store of a node, opened as its settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broker.errors import StartupError
from broker.settings import Settings
from broker.store.store import Store


@asynccontextmanager
async def open_store(settings: Settings, redis_url: str = "") -> AsyncIterator[Store]:
    """The store at `redis_url`, or where the settings say; closed at the end. Raises StartupError."""
    url = redis_url or settings.redis_url
    if not url:
        raise StartupError(
            "no Redis to use: give --redis-url redis://HOST:PORT (or HEADRACE_REDIS_URL); "
            "`headrace up` is the command that brings its own"
        )
    store = await Store.open(url, namespace=settings.namespace, partitions=settings.partitions)
    try:
        yield store
    finally:
        await store.close()
