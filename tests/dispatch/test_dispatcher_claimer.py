"""When partitions are asked, and for how much. No wake-ups come, unless the test sends them."""

import asyncio

import pytest

from broker.metrics import Metrics
from tests.support.dispatching import partition_of
from tests.support.seeds import seed_queue, seed_task, seed_tasks
from tests.support.waiting import eventually_async
from worker.claimer import Claimer
from worker.in_flight import InFlight
from worker.ownership import Ownership


class Claiming:
    """A claimer, and what it has handed over."""

    def __init__(self, store, *, capacity=1000, slow_poll_s=1000.0):
        self.in_flight = InFlight(capacity)
        self.delivered = []
        self.arrived = asyncio.Event()
        self.metrics = Metrics()
        self.claimer = Claimer(
            store.attempts,
            self.in_flight,
            Ownership(store.nodes, "me", store.backend.keys.partitions),
            self.metrics,
            owner="me",
            partitions=store.backend.keys.partitions,
            lease_s=30.0,
            ramp_up=False,
            slow_poll_s=slow_poll_s,
            deliver=self._deliver,
        )

    def _deliver(self, attempt):
        self.delivered.append(attempt)
        self.arrived.set()

    async def wait_for(self, count):
        async def look():
            return len(self.delivered) >= count

        await eventually_async(look)
        return [attempt.key.task_id for attempt in self.delivered]

    @property
    def claims(self):
        return self.metrics.registry.get_sample_value("headrace_claims_total")

    def end(self, attempt):
        self.in_flight.remove(attempt)
        self.claimer.room_made()

    async def settled_down(self):
        """Every partition has been asked, and no claim is under way."""

        async def look():
            return self.in_flight.free + len(self.in_flight.held) == self.in_flight.capacity

        await eventually_async(look)

    async def __aenter__(self):
        self.claimer.start()
        return self

    async def __aexit__(self, *_):
        await self.claimer.stop()


async def test_at_the_start_every_partition_is_asked(store):
    for queue_id in ("a", "b", "c"):
        await seed_queue(store, queue_id)
        await seed_tasks(store, *"xyz", queue_id=queue_id)
    async with Claiming(store) as claiming:
        assert sorted(await claiming.wait_for(9)) == sorted("xyz" * 3)


async def test_without_wake_ups_the_slow_poll_finds_tasks(store):
    async with Claiming(store, slow_poll_s=0.05) as claiming:
        await claiming.settled_down()
        await seed_queue(store)
        await seed_task(store)
        assert await claiming.wait_for(1) == ["t"]


async def test_no_partition_is_ever_forgotten(store):
    """A timer may fire a little before its time; the answer may come before that, too."""
    for number in range(30):
        await seed_queue(store, f"q{number}")
    async with Claiming(store, slow_poll_s=0.0013) as claiming:

        async def asked_often():
            return claiming.claims > 5000

        await eventually_async(asked_often, 60)  # there is much to do
        for number in range(30):
            await seed_task(store, queue_id=f"q{number}")
        await claiming.wait_for(30)


async def test_a_wake_up_is_as_good_as_a_poll(store):
    async with Claiming(store) as claiming:
        await claiming.settled_down()
        await seed_queue(store)
        await seed_task(store)
        claiming.claimer.wake(partition_of(store))
        assert await claiming.wait_for(1) == ["t"]


async def test_a_partition_is_asked_again_when_it_said(store):
    """The second task is due later, and the slow poll is far away."""
    await seed_queue(store)
    await seed_task(store, "now")
    await seed_task(store, "later", schedule_us=await store.time_us() + 200_000)
    async with Claiming(store) as claiming:
        assert await claiming.wait_for(2) == ["now", "later"]


@pytest.mark.parametrize("capacity", [1, 3, 10, 2000])
async def test_never_more_than_there_is_room_for(store, capacity):
    await seed_queue(store, rate=500, burst=500, concurrency=5000)
    await seed_tasks(store, *(f"t{number}" for number in range(100)))
    async with Claiming(store, capacity=capacity) as claiming:
        seen = set()
        while len(seen) < 100:
            await claiming.wait_for(1)
            assert claiming.in_flight.free >= 0
            assert len(claiming.in_flight.held) <= capacity
            attempt = claiming.delivered.pop(0)
            seen.add(attempt.key.task_id)
            claiming.end(attempt)
        await claiming.settled_down()


@pytest.mark.parametrize("beside", ["same partition", "another partition"])
async def test_a_queue_that_never_ends_costs_the_others_neither_their_tasks_nor_more_claims(store, beside):
    same = beside == "same partition"
    names = (f"q{number}" for number in range(10_000))
    other = next(name for name in names if (partition_of(store, name) == partition_of(store, "hole")) is same)
    await seed_queue(store, "hole", concurrency=1000)
    await seed_queue(store, other)
    await seed_tasks(store, *(f"h{number}" for number in range(100)), queue_id="hole")
    async with Claiming(store, capacity=80) as claiming:
        await claiming.wait_for(70)
        await claiming.settled_down()
        held = len(claiming.delivered)
        before = claiming.claims
        for number in range(20):
            await seed_task(store, f"t{number}", other)
            claiming.claimer.wake(partition_of(store, other))
            assert (await claiming.wait_for(held + number + 1))[-1] == f"t{number}"
            claiming.end(claiming.delivered[-1])
        assert claiming.claims - before <= 2 * 20


async def test_bad_data_in_one_partition_does_not_stop_the_others(store, redis_client):
    ids = {}
    for number in range(20):
        ids.setdefault(partition_of(store, f"q{number}"), f"q{number}")
    (bad, bad_queue), (_, good_queue), *_ = ids.items()
    for queue_id in (bad_queue, good_queue):
        await seed_queue(store, queue_id)
    due = f"{store.backend.keys.prefix(bad)}:due"
    redis_client.set(due, "no index")
    async with Claiming(store, slow_poll_s=0.05) as claiming:
        await seed_task(store, "good", good_queue)
        assert await claiming.wait_for(1) == ["good"]
        redis_client.delete(due)
        await seed_task(store, "mended", bad_queue)
        assert await claiming.wait_for(2) == ["good", "mended"]


async def test_a_stopped_claimer_hands_over_what_was_under_way(store):
    await seed_queue(store)
    await seed_task(store)
    claiming = Claiming(store)
    claiming.claimer.start()
    await claiming.claimer.stop()
    assert [attempt.key.task_id for attempt in claiming.delivered] == ["t"]
    await seed_task(store, "after")
    claiming.claimer.wake(partition_of(store))
    await claiming.settled_down()
    assert len(claiming.delivered) == 1
