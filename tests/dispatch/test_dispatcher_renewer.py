"""Leases are kept while their attempts run; what cannot be kept is aborted in time."""

import asyncio
from contextlib import asynccontextmanager, closing

from broker.store.store import Store
from tests.support.dispatching import hold_tasks, holder_of, partition_of
from tests.support.seeds import seed_queue, seed_tasks
from tests.support.servers import Server, available_binaries
from tests.support.waiting import eventually_async
from worker.in_flight import InFlight
from worker.renewer import Renewer

LEASE_S = 1.0


class Aborts:
    """Which attempts were aborted, and when, by the event loop's clock."""

    def __init__(self):
        self.moments_s = {}
        self.happened = asyncio.Event()

    def __call__(self, attempt):
        self.moments_s.setdefault(attempt.key.task_id, asyncio.get_running_loop().time())
        self.happened.set()


@asynccontextmanager
async def renewing(store, in_flight, aborts):
    renewer = Renewer(store.attempts, in_flight, lease_s=LEASE_S, abort=aborts)
    running = asyncio.create_task(renewer.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_lease_is_renewed_again_and_again(store, redis_client):
    await seed_queue(store)
    await seed_tasks(store, "t")
    in_flight, aborts = InFlight(10), Aborts()
    (attempt,) = await hold_tasks(store, in_flight, 1, lease_s=LEASE_S)
    leases = f"{store.backend.keys.prefix(partition_of(store))}:{attempt.key.queue_id}:l"
    first_s = attempt.lease_until_s
    ends = set()

    async def renewed_often():
        ends.update(end for _, end in redis_client.zrange(leases, 0, -1, withscores=True))
        return len(ends) >= 10  # beyond the first lease's end

    async with renewing(store, in_flight, aborts):
        await eventually_async(renewed_often)
        assert (await holder_of(store).claim()).tasks == []
    assert aborts.moments_s == {}
    assert attempt.lease_until_s > first_s + LEASE_S / 2


async def test_an_attempt_that_lost_its_task_is_aborted(store):
    await seed_queue(store)
    await seed_tasks(store, "lost", "kept")
    in_flight, aborts = InFlight(10), Aborts()
    held = await hold_tasks(store, in_flight, 2, lease_s=LEASE_S)
    lost = next(attempt for attempt in held if attempt.key.task_id == "lost")
    await holder_of(store).settle(lost.key)
    async with renewing(store, in_flight, aborts):
        await aborts.happened.wait()
    assert set(aborts.moments_s) == {"lost"}
    assert [attempt.lost for attempt in held if attempt is not lost] == [False]
    assert lost.lost


async def test_what_cannot_be_renewed_is_aborted_before_its_lease_ends():
    with closing(Server(next(iter(available_binaries().values())))) as server:
        store = await Store.open(server.url)
        await seed_queue(store)
        await seed_tasks(store, "t")
        in_flight, aborts = InFlight(10), Aborts()
        (attempt,) = await hold_tasks(store, in_flight, 1, lease_s=LEASE_S)
        async with renewing(store, in_flight, aborts):
            server.freeze()
            await aborts.happened.wait()
            server.thaw()
        assert aborts.moments_s["t"] < attempt.lease_until_s
        assert not attempt.lost
        await store.close()
