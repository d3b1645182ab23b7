"""The dispatcher and its parts inside the test's own process, over a real store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from broker.identity.access_tokens import TokenSources
from broker.identity.keys import SigningKeys
from broker.metrics import Metrics
from broker.model.task import TaskRequest
from broker.settings import Settings
from broker.store.store import Store
from tests.support.seeds import HORIZON_US, a_task, queue_name
from tests.support.seeds import Dispatcher as StoreDispatcher
from worker.dispatcher import Dispatcher
from worker.held_attempt import HeldAttempt
from worker.in_flight import InFlight


def partition_of(store: Store, queue_id: str = "q") -> int:
    """Where a queue of the seeds lives."""
    return store.backend.keys.partition_of(queue_name(queue_id))


def holder_of(store: Store, queue_id: str = "q", *, owner: str = "other", lease_s: float = 30) -> StoreDispatcher:
    """A dispatcher as the store sees it, in the partition of a queue."""
    return StoreDispatcher(store, owner, partition_of(store, queue_id), lease_us=round(lease_s * 1e6))


async def hold_tasks(store: Store, in_flight: InFlight, count: int, *, lease_s: float = 30) -> list[HeldAttempt]:
    """Claim so many tasks of queue "q" and take them in hand."""
    holder = holder_of(store, owner="me", lease_s=lease_s)
    claim = await holder.claim(count)
    assert len(claim.tasks) == count
    until_s = asyncio.get_running_loop().time() + lease_s
    held = [HeldAttempt(holder.partition, task, until_s) for task in claim.tasks]
    for attempt in held:
        in_flight.add(attempt)
    return held


async def create_task(
    store: Store, request: TaskRequest, task_id: str = "t", queue_id: str = "q", **fields: object
) -> None:
    """Create a named task that makes this request."""
    task = replace(a_task(task_id, queue_id, **fields), request=request)
    await store.tasks.create(task, horizon_us=HORIZON_US)


@contextlib.asynccontextmanager
async def running_dispatcher(store: Store, **settings: object) -> AsyncIterator[Dispatcher]:
    """A dispatcher that works until the end of the block, then drains."""
    node = await new_dispatcher(store, **settings)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def new_dispatcher(store: Store, metrics: Metrics | None = None, **settings: object) -> Dispatcher:
    """A dispatcher that has not been started."""
    keys = await SigningKeys.load(store.secrets)
    chosen = Settings.load({"egress": "any", **settings})
    return Dispatcher(store, chosen, metrics or Metrics(), TokenSources(keys, "http://issuer.test"))
