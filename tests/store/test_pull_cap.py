"""How many lease calls a queue takes in a second (App Engine specification, 3.6)."""

from contextlib import suppress

import pytest

from broker.model.queue import QueueState
from broker.store.outcomes import LeasesCapped, QueueNotRunning, WrongQueueKind
from broker.store.store import Store
from tests.support.pulling import Worker, seed_etas, seed_pull_queue
from tests.support.seeds import queue_name, seed_queue

CAP = 10


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


async def granted(clock, worker, calls: int, *, every_s: float = 0.0, cap: int = CAP) -> int:
    """How many of so many calls were taken."""
    taken = 0
    for _ in range(calls):
        with suppress(LeasesCapped):
            await worker.lease(1, cap=cap)
            taken += 1
        clock.advance(every_s)
    return taken


async def test_ten_calls_a_second_return_tasks(store, clock, worker):
    await seed_pull_queue(store)
    await seed_etas(store, **{f"t{number:03}": number for number in range(100)})
    leased = 0
    for _ in range(40):
        with suppress(LeasesCapped):
            leased += len(await worker.lease(1, 30, cap=CAP))
        clock.advance(0.1 / 40)
    assert leased == CAP
    clock.advance(1)
    assert len(await worker.lease(1, cap=CAP)) == 1, "the next second serves"


async def test_the_second_slides(store, clock, worker):
    await seed_pull_queue(store)
    assert await granted(clock, worker, 10, every_s=0.1) == 10
    assert await granted(clock, worker, 100, every_s=0.1) == 100, "ten a second is not too many"
    assert await granted(clock, worker, 100, every_s=0.05) == 50, "twenty a second is"


async def test_a_call_counts_for_a_second_to_the_microsecond(store, clock, worker):
    await seed_pull_queue(store)
    assert await granted(clock, worker, 11) == 10
    clock.now_us += 999_999
    assert await granted(clock, worker, 1) == 0
    clock.now_us += 1
    assert await granted(clock, worker, 11) == 10


async def test_calls_that_find_nothing_count_and_refused_ones_do_not(store, clock, worker):
    name = await seed_pull_queue(store)
    assert await granted(clock, worker, 9) == 9
    await store.queues.set_state(name, QueueState.PAUSED)
    for _ in range(3):
        with pytest.raises(QueueNotRunning):
            await worker.lease(cap=CAP, require_running=True)
    assert await granted(clock, worker, 9) == 1
    clock.advance(1)
    assert await granted(clock, worker, 11) == 10, "the capped ones did not count either"


async def test_zero_is_any_number_and_caps_can_change(store, clock, worker):
    await seed_pull_queue(store)
    assert await granted(clock, worker, 50, cap=0) == 50
    assert await granted(clock, worker, 50, cap=20) == 20, "those without a cap did not count"
    assert await granted(clock, worker, 5, cap=10) == 0
    assert await granted(clock, worker, 9, cap=25) == 5


async def test_queues_count_apart_and_nodes_together(store, redis_url, clock, worker):
    await seed_pull_queue(store)
    await seed_pull_queue(store, "other")
    assert await granted(clock, worker, 6) == 6
    assert await granted(clock, Worker(store, queue_name("other")), 11) == 10
    elsewhere = await Store.open(redis_url, partitions=1, clock=clock)
    assert await granted(clock, Worker(elsewhere), 6) == 4
    await elsewhere.close()


async def test_a_clock_that_steps_back_caps_nothing_for_long(store, clock, worker):
    await seed_pull_queue(store)
    assert await granted(clock, worker, 11) == 10
    clock.advance(-3600)
    assert await granted(clock, worker, 11) == 10


async def test_a_push_queue_counts_nothing(store, redis_client, worker):
    await seed_queue(store)
    with pytest.raises(WrongQueueKind):
        await worker.lease(cap=CAP)
    assert not redis_client.exists("{hr:0}:1:c")
