"""The store on a real cluster of three masters: single-slot keys, wake-ups from every node, slots and nodes that go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, closing

import pytest
from redis.crc import key_slot

from broker.errors import Code, HeadraceError
from broker.model.names import LocationName, QueueName
from broker.model.queue import QueueState
from broker.model.task import View
from broker.store.attempts import Settled
from broker.store.outcomes import QueueMissing, TaskMissing
from broker.store.store import Store
from tests.support.invariants import check_invariants
from tests.support.seeds import HORIZON_US, Dispatcher, a_queue, a_task, queue_name, seed_queue, seed_task, seed_tasks
from tests.support.servers import Cluster, Server, available_binaries
from tests.support.waiting import eventually, eventually_async

QUEUE_IDS = [f"q{number}" for number in range(24)]


@pytest.fixture(scope="module", params=available_binaries())
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    cluster = Cluster(available_binaries()[request.param])
    for node in cluster.nodes:
        node.client.config_set("cluster-require-full-coverage", "no")
    yield cluster
    cluster.close()


@pytest.fixture
def store(runner: asyncio.Runner, cluster: Cluster) -> Iterator[Store]:
    cluster.flush()
    store = runner.run(Store.open(cluster.url))
    yield store
    runner.run(check_invariants(store))
    runner.run(store.close())


def slot_of(store: Store, name: QueueName) -> int:
    return int(key_slot(store.backend.keys.prefix(store.backend.keys.partition_of(name)).encode()))


def node_of(cluster: Cluster, store: Store, name: QueueName) -> Server:
    """The master that serves a queue, as the first node knows it."""
    slot = slot_of(store, name)
    for first, last, (_, port, *_), *_ in cluster.nodes[0].client.execute_command("CLUSTER SLOTS"):
        if first <= slot <= last:
            return next(node for node in cluster.nodes if node.port == port)
    raise AssertionError(f"nobody serves slot {slot}")


async def queue_on_each_node(cluster: Cluster, store: Store) -> dict[Server, QueueName]:
    """One new queue for each master."""
    names = {node_of(cluster, store, queue_name(queue_id)): queue_name(queue_id) for queue_id in QUEUE_IDS}
    assert len(names) == len(cluster.nodes)
    for name in names.values():
        await seed_queue(store, name.queue_id)
    return names


def dispatcher_of(store: Store, name: QueueName) -> Dispatcher:
    """A dispatcher of the queue's partition."""
    return Dispatcher(store, owner=name.queue_id, partition=store.backend.keys.partition_of(name))


async def life_of_a_queue(store: Store, queue_id: str) -> None:
    """Every operation on a queue and its tasks."""
    name = queue_name(queue_id)
    dispatcher = dispatcher_of(store, name)
    await store.queues.update(name, lambda queue: a_queue(queue_id, concurrency=7))
    assert (await store.queues.set_state(name, QueueState.PAUSED)).state is QueueState.PAUSED
    await seed_tasks(store, "a", "b", "c", queue_id=queue_id)
    assert len((await store.tasks.page(name, View.FULL, page_size=10, token=""))[0]) == 3
    await store.tasks.delete(name.task("c"))
    assert (await store.tasks.run(name.task("a"), View.FULL)).dispatch_count == 1
    forced = (await dispatcher.claim(1)).tasks
    assert [task.key.task_id for task in forced] == ["a"]
    assert await dispatcher.renew(*forced) == [True]
    assert await dispatcher.settle(*forced) == [Settled.DONE]
    await store.queues.set_state(name, QueueState.RUNNING)
    await dispatcher.release(*(await dispatcher.claim()).tasks)
    again = (await dispatcher.claim()).tasks
    assert [task.key.task_id for task in again] == ["b"]
    assert await dispatcher.fail(*again) == [Settled.RETRY]
    assert (await store.tasks.get(name.task("b"), View.BASIC)).response_count == 1
    await store.queues.purge(name)
    await store.upkeep.sweep(dispatcher.partition)
    await store.upkeep.refresh(dispatcher.partition, "")
    with pytest.raises(TaskMissing):
        await store.tasks.get(name.task("b"), View.FULL)


async def test_every_operation_works_in_every_slot(cluster: Cluster, store: Store) -> None:
    for queue_id in QUEUE_IDS:
        await seed_queue(store, queue_id)
    assert {node_of(cluster, store, queue_name(queue_id)) for queue_id in QUEUE_IDS} == set(cluster.nodes)
    for queue_id in QUEUE_IDS:
        await life_of_a_queue(store, queue_id)
    parent = LocationName("p", "l")
    assert await store.queues.count(parent) == len(QUEUE_IDS)
    first, after = await store.queues.page(parent, page_size=20, after="")
    rest, end = await store.queues.page(parent, page_size=20, after=after)
    assert [queue.name.queue_id for queue in first + rest] == sorted(QUEUE_IDS)
    assert end == ""
    assert len(await store.queues.depths(limit=1000)) == len(QUEUE_IDS)
    assert await store.nodes.beat("me", silence_us=10**7) == ["me"]
    assert await store.secrets.get_or_create("key", lambda: b"1") == await store.secrets.get_or_create("key", bytes)
    for queue_id in QUEUE_IDS:
        await store.queues.delete(queue_name(queue_id), tombstone_us=10**9)
        with pytest.raises(QueueMissing):
            await store.queues.get(queue_name(queue_id))


class Woken:
    """Which partitions were woken since the last look."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.partitions: set[int] = set()

    async def by(self, name: QueueName) -> None:
        """Wait until the queue's partition is woken."""

        async def woken() -> bool:
            return self.store.backend.keys.partition_of(name) in self.partitions

        await eventually_async(woken)


@asynccontextmanager
async def listening(store: Store) -> AsyncIterator[Woken]:
    """Listen to wake-ups; every connection stands already."""
    woken = Woken(store)
    listener = asyncio.create_task(store.wakeups.listen(woken.partitions.add))

    async def all_subscribed() -> bool:
        return len(woken.partitions) == store.backend.keys.partitions

    await eventually_async(all_subscribed)
    woken.partitions.clear()
    yield woken
    listener.cancel()
    await asyncio.wait([listener])


@pytest.mark.parametrize("keep_queues", [False, True])
async def test_a_project_is_reset_on_every_node(cluster: Cluster, store: Store, keep_queues: bool) -> None:
    for name in (await queue_on_each_node(cluster, store)).values():
        await seed_tasks(store, "a", "b", queue_id=name.queue_id)
    await store.projects.reset("p", keep_queues=keep_queues)
    names = await store.projects.queue_names("p")
    assert len(names) == (len(cluster.nodes) if keep_queues else 0)
    for stats in await asyncio.gather(*map(store.queues.stats, names)):
        assert stats is not None
        assert stats.tasks == 0
    assert await store.quotas.spend(LocationName("p", "l"), {"calls": 1, "more": 1}) == ""


async def test_wake_ups_come_from_every_node(cluster: Cluster, store: Store) -> None:
    names = await queue_on_each_node(cluster, store)
    async with listening(store) as woken:
        for name in names.values():
            await seed_task(store, queue_id=name.queue_id)
            await woken.by(name)


class Move:
    """A slot moved key by key, in the steps of the protocol."""

    def __init__(self, cluster: Cluster, slot: int, source: Server) -> None:
        self.nodes, self.slot, self.source = cluster.nodes, slot, source
        self.target = next(node for node in cluster.nodes if node is not source)

    def begin(self) -> None:
        self._set_slot(self.target, "IMPORTING", self._id(self.source))
        self._set_slot(self.source, "MIGRATING", self._id(self.target))

    def move_keys(self, *, leave: int = 0) -> None:
        for key in self.keys(self.source)[leave:]:
            self.source.client.execute_command("MIGRATE", "127.0.0.1", self.target.port, key, 0, 5000)

    def finish(self) -> None:
        for node in (self.target, self.source, *self.nodes):
            self._set_slot(node, "NODE", self._id(self.target))

    def keys(self, node: Server) -> list[bytes]:
        return sorted(node.client.execute_command("CLUSTER", "GETKEYSINSLOT", self.slot, 1000))

    def _set_slot(self, node: Server, *state: str) -> None:
        node.client.execute_command("CLUSTER", "SETSLOT", self.slot, *state)

    @staticmethod
    def _id(node: Server) -> str:
        return str(node.client.execute_command("CLUSTER MYID").decode())


async def is_unavailable(operation: Awaitable[object]) -> bool:
    """Whether it is refused so; any other end fails the test."""
    with pytest.raises(HeadraceError) as refused:
        await operation
    return refused.value.code is Code.UNAVAILABLE


async def test_a_partition_pauses_while_its_slot_moves_and_goes_on_after(cluster: Cluster, store: Store) -> None:
    names = await queue_on_each_node(cluster, store)
    source, name = next(iter(names.items()))
    await seed_tasks(store, *"abcdef", queue_id=name.queue_id)
    dispatcher = dispatcher_of(store, name)
    claimed = await dispatcher.claim(2)
    async with listening(store) as woken:
        move = Move(cluster, slot_of(store, name), source)
        before = move.keys(source)
        move.begin()
        move.move_keys(leave=len(before) // 2)
        moved = move.keys(move.target)
        assert moved
        assert all(
            await asyncio.gather(
                is_unavailable(store.queues.get(name)),
                is_unavailable(store.queues.create(a_queue(name.queue_id), max_queues=100)),
                is_unavailable(store.tasks.get(name.task("a"), View.FULL)),
                is_unavailable(store.tasks.create(a_task("a", name.queue_id), horizon_us=HORIZON_US)),
                is_unavailable(store.tasks.create(a_task("g", name.queue_id), horizon_us=HORIZON_US)),
                is_unavailable(store.tasks.delete(name.task("b"))),
                is_unavailable(dispatcher.claim()),
                is_unavailable(dispatcher.settle(*claimed.tasks)),
            )
        )
        assert move.keys(move.target) == moved
        assert sorted(move.keys(source) + moved) == before
        for other in set(names.values()) - {name}:
            await seed_task(store, queue_id=other.queue_id)

        move.move_keys()
        move.finish()
        tasks, _ = await store.tasks.page(name, View.BASIC, page_size=100, token="")
        assert sorted(task.name.task_id for task in tasks) == list("abcdef")
        assert await dispatcher.settle(*claimed.tasks) == [Settled.DONE] * 2
        assert node_of(cluster, store, name) is move.target
        await subscribed_at(move.target, store.backend.keys.wake_channel(dispatcher.partition))
        woken.partitions.clear()
        await dispatcher.drain()
        await seed_task(store, "later", name.queue_id)
        await woken.by(name)


async def test_a_create_waits_for_a_short_move(cluster: Cluster, store: Store) -> None:
    names = await queue_on_each_node(cluster, store)
    source, name = next(iter(names.items()))
    move = Move(cluster, slot_of(store, name), source)
    move.begin()
    create = asyncio.create_task(seed_task(store, queue_id=name.queue_id))
    await asyncio.to_thread(lambda: (move.move_keys(), move.finish()))
    assert await create == name.task("t")
    assert [task.key.task_id for task in (await dispatcher_of(store, name).claim()).tasks] == ["t"]


async def test_a_replica_takes_over_from_a_frozen_master() -> None:
    with closing(Cluster(next(iter(available_binaries().values())))) as cluster:
        store = await Store.open(cluster.url)
        names = await queue_on_each_node(cluster, store)
        master, name = next(iter(names.items()))
        replica = cluster.add_replica(master)
        await seed_task(store, queue_id=name.queue_id)
        assert master.client.execute_command("WAIT", 1, 5000) == 1
        master.freeze()
        replica.client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        assert await is_unavailable(store.tasks.get(name.task("t"), View.FULL))  # nobody answers, nor says MOVED
        assert (await store.tasks.get(name.task("t"), View.FULL)).name == name.task("t")
        master.thaw()
        await store.close()


async def subscribed_at(node: Server, channel: str) -> None:
    """Wait until somebody listens to the channel at a node."""

    async def subscribed() -> bool:
        return bool(node.client.execute_command("PUBSUB", "SHARDNUMSUB", channel)[1])

    await eventually_async(subscribed)


async def test_a_dead_master_takes_only_its_own_partitions_away(cluster: Cluster, store: Store) -> None:
    names = await queue_on_each_node(cluster, store)
    dead, lost = next(iter(names.items()))
    await seed_task(store, "kept", lost.queue_id)
    async with listening(store) as woken:
        dead.kill()
        try:
            assert await is_unavailable(store.tasks.get(lost.task("kept"), View.FULL))
            assert await is_unavailable(store.tasks.create(a_task("new", lost.queue_id), horizon_us=HORIZON_US))
            for name in set(names.values()) - {lost}:
                await seed_task(store, queue_id=name.queue_id)
                await woken.by(name)
        finally:
            dead.start()
            eventually(lambda: all(node.client.cluster("INFO")["cluster_state"] == "ok" for node in cluster.nodes))

        async def is_back() -> bool:
            try:
                return (await store.tasks.get(lost.task("kept"), View.FULL)).name.task_id == "kept"
            except HeadraceError:
                return False

        await eventually_async(is_back)
        await subscribed_at(dead, store.backend.keys.wake_channel(store.backend.keys.partition_of(lost)))
        woken.partitions.clear()
        await dispatcher_of(store, lost).drain()
        await seed_task(store, "new", lost.queue_id)
        await woken.by(lost)
