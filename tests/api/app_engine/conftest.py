"""A node whose time stands still, callers of its App Engine API, and the Python of the original SDK."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis

from broker.api.node import ApiNode
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.queue import Queue
from broker.model.tickets import Tickets
from broker.service.broker import Broker
from broker.store.store import Store
from tests.api.app_engine.calls import Calls, queue
from tests.api.conftest import StartNode
from tests.support.invariants import check_invariants
from tests.support.seeds import Clock
from tests.support.up import ROOT

ADMIN = "admin-ticket"


@pytest.fixture(scope="session")
def sdk_python() -> str:
    """The Python that has the SDK, which wants other versions of libraries than the rest."""
    python = Path(os.environ.get("HEADRACE_TEST_APPENGINE_PYTHON", ROOT / ".venv-appengine/bin/python"))
    if not python.exists():
        pytest.skip(f"no App Engine SDK: there is no {python}; `make .venv-appengine/installed` makes it")
    return str(python)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(runner: asyncio.Runner, redis_url: str, redis_client: redis.Redis, clock: Clock) -> Iterator[Store]:
    """A store by the test's clock. After the test its invariants hold."""
    store = runner.run(Store.open(redis_url, partitions=1, clock=clock))
    yield store
    try:
        runner.run(check_invariants(store))
    finally:
        runner.run(store.close())


@pytest.fixture
def limits() -> Limits:
    """The node's limits: leases are not capped."""
    return Limits(leases_per_second=0)


@pytest.fixture
def node(runner: asyncio.Runner, store: Store, limits: Limits, start_node: StartNode) -> ApiNode:
    """A whole API node, with each of its fronts."""
    return runner.run(start_node(Broker(store, limits, Metrics(), tickets=Tickets(admin=frozenset({ADMIN})))))


@pytest.fixture
def call(runner: asyncio.Runner, node: ApiNode) -> Iterator[Calls]:
    """Calls of the node."""

    async def open_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    session = runner.run(open_session())
    yield Calls(session, f"{node.http_url}/rpc_http")
    runner.run(session.close())


@pytest.fixture
def make_queue(store: Store) -> Callable[..., Awaitable[Queue]]:
    """Makes a queue as `calls.queue` describes it."""

    async def make(queue_id: str = "q", **changes: Any) -> Queue:
        return await store.queues.create(queue(queue_id, **changes), max_queues=100)

    return make
