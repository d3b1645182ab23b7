"""Results are kept until the store has settled them."""

from collections import Counter
from contextlib import closing

from broker.store.attempts import Outcome, Result, Settled
from broker.store.store import Store
from tests.support.dispatching import hold_tasks, holder_of, partition_of
from tests.support.seeds import read_task, seed_queue, seed_task, seed_tasks
from tests.support.servers import Server, available_binaries
from worker.held_attempt import HeldAttempt
from worker.in_flight import InFlight
from worker.settler import Settler


class Ends:
    """What the settler said of each result."""

    def __init__(self):
        self.said = {}

    def __call__(self, batch, answers):
        for (attempt, _), settled in zip(batch, answers, strict=True):
            self.said[attempt.key.task_id] = settled


def done(attempt):
    return Result(attempt.key, Outcome.DONE, 200)


async def test_each_result_is_settled_and_reported(store):
    await seed_queue(store, rate=500, burst=500)
    await seed_tasks(store, "done", "failed", "taken")
    held = {attempt.key.task_id: attempt for attempt in await hold_tasks(store, InFlight(10), 3)}
    await holder_of(store).settle(held["taken"].key)
    ends = Ends()
    settler = Settler(store.attempts, ends)
    settler.settle(held["done"], done(held["done"]))
    settler.settle(held["failed"], Result(held["failed"].key, Outcome.ANSWERED, 500))
    settler.settle(held["taken"], done(held["taken"]))
    await settler.drained()
    assert ends.said == {"done": Settled.DONE, "failed": Settled.RETRY, "taken": Settled.STALE}
    assert await read_task(store, "done") is None
    assert (await read_task(store, "failed")).response_count == 1


async def test_results_of_many_partitions(store):
    queues = [f"q{number}" for number in range(30)]
    for queue in queues:
        await seed_queue(store, queue)
        await seed_task(store, f"of-{queue}", queue)
    ends = Ends()
    settler = Settler(store.attempts, ends)
    for holder in {partition_of(store, queue): holder_of(store, queue) for queue in queues}.values():
        for task in (await holder.claim(30)).tasks:
            settler.settle(HeldAttempt(holder.partition, task, 0.0), Result(task.key, Outcome.DONE, 200))
    await settler.drained()
    assert ends.said == {f"of-{queue}": Settled.DONE for queue in queues}


async def test_more_results_than_fit_into_one_call(store):
    await seed_queue(store, rate=500, burst=500, concurrency=5000)
    ids = [f"t{number}" for number in range(700)]
    await seed_tasks(store, *ids)
    in_flight = InFlight(1000)
    held = await hold_tasks(store, in_flight, 500)
    ends = Ends()
    settler = Settler(store.attempts, ends)
    for attempt in held * 2:  # a second result of the same attempt is stale
        settler.settle(attempt, done(attempt))
    await settler.drained()
    assert set(ends.said) == {attempt.key.task_id for attempt in held}
    assert Counter(ends.said.values()) == {Settled.STALE: 500}


async def test_results_wait_for_a_store_that_comes_back():
    with closing(Server(next(iter(available_binaries().values())), "--appendonly", "yes")) as server:
        store = await Store.open(server.url)
        await seed_queue(store)
        await seed_tasks(store, "t")
        (attempt,) = await hold_tasks(store, InFlight(10), 1)
        server.kill()
        ends = Ends()
        settler = Settler(store.attempts, ends)
        settler.settle(attempt, done(attempt))
        server.start()
        await settler.drained()
        assert ends.said == {"t": Settled.DONE}
        assert await read_task(store, "t") is None
        await store.close()


async def test_results_that_the_store_cannot_settle_are_not_kept_for_ever(store, redis_client):
    """The task's key holds another type than the scripts can read."""
    await seed_queue(store)
    await seed_tasks(store, "t")
    (attempt,) = await hold_tasks(store, InFlight(10), 1)
    key = store.backend.keys.task(partition_of(store), attempt.key.queue_id, "t")
    record = redis_client.get(key)
    redis_client.delete(key)
    redis_client.sadd(key, "no record")
    ends = Ends()
    settler = Settler(store.attempts, ends)
    settler.settle(attempt, done(attempt))
    await settler.drained()
    assert ends.said == {"t": Settled.STALE}
    redis_client.delete(key)
    redis_client.set(key, record)
