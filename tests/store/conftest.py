"""Stores with one partition whose time stands still until the test moves it."""

import asyncio
from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings

from broker.store.store import Store
from tests.support.invariants import check_invariants
from tests.support.seeds import Clock, Dispatcher

settings.register_profile("long")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(runner: asyncio.Runner, redis_url: str, redis_client: redis.Redis, clock: Clock) -> Iterator[Store]:
    """A store on an emptied server, by the test's clock. After the test its invariants hold."""
    store = runner.run(Store.open(redis_url, partitions=1, clock=clock))
    yield store
    try:
        runner.run(check_invariants(store))
    finally:
        runner.run(store.close())


@pytest.fixture
def dispatcher(store: Store) -> Dispatcher:
    return Dispatcher(store)
