"""Random histories of one pull queue over all its protocols, two nodes and two workers, against the store's model."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from broker.api.node import ApiNode
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind
from broker.model.retry import RetryConfig
from broker.model.tag_filter import AnyTag, Tag
from broker.model.task import NewTask, PullMessage, View
from broker.service.broker import Broker
from broker.store.outcomes import StoreOutcome
from broker.store.store import Store
from tests.api.conftest import StartNode
from tests.store.pull_model import ModelPullQueue
from tests.support.invariants import check_invariants
from tests.support.pulling import MOST_BYTES
from tests.support.seeds import Clock
from tests.support.surfaces import LEASE_S, SURFACES, Refused

QUEUE_NAME = QueueName("local", "us-central1", "pull")
LEASE_US = LEASE_S * 1_000_000
MOST_LEASES = 4
ANY_SURFACE = st.sampled_from(list(SURFACES))
ANY_TAG = st.sampled_from(["", "", "a", "b"])
WAITS_S = st.sampled_from([0, 0.000_001, LEASE_S / 2, LEASE_S + 1])


@dataclass(frozen=True)
class Lease:
    """What a worker knows of a task that it has leased, however long ago."""

    task_id: str
    end_us: int


@dataclass(frozen=True)
class Cluster:
    """Two nodes with a store each, by one clock that stands still."""

    runner: asyncio.Runner
    clock: Clock
    stores: tuple[Store, ...]
    workers: list[dict[str, Any]]
    """For each worker the surfaces of its node."""
    listing_url: str

    def run(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """A blocking call, while the nodes go on."""
        return self.run(asyncio.to_thread(function, *arguments, **options))


@pytest.fixture
def cluster(
    runner: asyncio.Runner, redis_url: str, redis_client: redis.Redis, start_node: StartNode
) -> Iterator[Cluster]:
    clock = Clock()

    async def start() -> tuple[Store, ApiNode]:
        store = await Store.open(redis_url, partitions=1, clock=clock)
        return store, await start_node(Broker(store, Limits(leases_per_second=0), Metrics()))

    stores, nodes = zip(*(runner.run(start()) for _ in range(2)), strict=True)
    addresses = [SimpleNamespace(grpc=node.grpc_address, http=node.http_url) for node in nodes]
    workers = [{name: surface(address) for name, surface in SURFACES.items()} for address in addresses]
    yield Cluster(runner, clock, stores, workers, f"{nodes[0].http_url}/taskqueue/v1beta2/projects/local/taskqueues")
    runner.run(start_node.stop())
    for store in stores:
        runner.run(store.close())


class SurfacesMachine(RuleBasedStateMachine):
    """A fresh queue, in which a task is dropped when it would be leased once more than four times."""

    leases = Bundle("leases")

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self.cluster, self.clock = cluster, cluster.clock
        queue = Queue(QUEUE_NAME, kind=QueueKind.PULL, retry_config=RetryConfig(max_attempts=MOST_LEASES))
        self.model = ModelPullQueue(queue, self.clock.now_us)
        cluster.run(cluster.stores[0].queues.create(queue, max_queues=10))
        self.held: dict[str, int] = {}
        """Until when somebody works on a task, by its id."""

    def both(self, model: Callable[[], Any], surface: str, method: str, *arguments: Any, **options: Any) -> Any:
        """Do the same to the model and, by the next worker, to the queue; None if both refuse it."""
        self.cluster.workers.reverse()
        call = getattr(self.cluster.workers[0][surface], method)
        try:
            expected = model()
        except StoreOutcome:
            with pytest.raises(Refused):
                self.cluster.call(call, *arguments, **options)
            return None
        return expected, self.cluster.call(call, *arguments, **options)

    @initialize(target=leases, tags=st.lists(ANY_TAG, min_size=3, max_size=3))
    def begin(self, tags: list[str]) -> Any:
        """Three tasks, two of them leased."""
        for surface, task_id, tag in zip(SURFACES, "abc", tags, strict=False):
            self.add(surface, task_id, tag)
        self.go_forward(1)
        return multiple(*self.leased("rpc_http", 2, ""))

    def at_present(self, lease: Lease, *, wanted: bool) -> Lease:
        """The lease with its present end, if wanted; otherwise as the worker knows it."""
        task = self.model.live().get(lease.task_id)
        return Lease(lease.task_id, task.eta_us) if wanted and task else lease

    @rule(surface=ANY_SURFACE, task_id=st.sampled_from("abcdefgh"), tag=ANY_TAG)
    def add(self, surface: str, task_id: str, tag: str) -> None:
        """An ETA of 0, which only App Engine's own protocol has to name, stays as it is."""
        keeps = surface == "rpc_http"
        request = PullMessage(task_id.encode(), tag.encode())
        new = NewTask(QUEUE_NAME.task(task_id), True, request, 0 if keeps else None, None, keeps_past_schedule=keeps)
        self.both(lambda: self.model.create(new), surface, "add", task_id, tag=tag)

    @rule(target=leases, surface=ANY_SURFACE, seconds=WAITS_S, most=st.sampled_from([1, 2, 100]), tag=ANY_TAG)
    def lease(self, surface: str, seconds: float, most: int, tag: str) -> Any:
        self.go_forward(seconds)
        return multiple(*self.leased(surface, most, tag))

    def leased(self, surface: str, most: int, tag: str) -> list[Lease]:
        def model() -> dict[str, int]:
            tags = Tag(tag.encode()) if tag else AnyTag()
            options: dict[str, Any] = {"tags": tags, "view": View.FULL, "most_bytes": MOST_BYTES, "cap": 0}
            tasks = self.model.lease(max_tasks=most, lease_us=LEASE_US, **options)
            return {task.name.task_id: task.schedule_us for task in tasks}

        expected, actual = self.both(model, surface, "lease", tag=tag, most=most)
        assert list(actual.items()) == list(expected.items())
        for task_id in actual:
            assert self.held.get(task_id, 0) < self.clock.now_us, f"{task_id} is leased twice at once"
        self.held |= actual
        return [Lease(*each) for each in actual.items()]

    @rule(target=leases, surface=ANY_SURFACE, seconds=WAITS_S, lease=leases, present=st.booleans())
    def renew(self, surface: str, seconds: float, lease: Lease, present: bool) -> Any:
        """Cloud Tasks' own protocol hears those who are late, too."""
        self.go_forward(seconds)
        lease = self.at_present(lease, wanted=present)
        late_ok = surface.startswith("v2beta2")

        def model() -> int:
            return self.model.renew(
                lease.task_id, lease.end_us, lease_us=LEASE_US, late_ok=late_ok, require_running=False
            ).schedule_us

        answer = self.both(model, surface, "renew", lease.task_id, lease.end_us)
        if answer is None:
            return multiple()
        expected, actual = answer
        assert actual == expected
        self.held[lease.task_id] = actual
        return Lease(lease.task_id, actual)

    @rule(surface=ANY_SURFACE, lease=leases, present=st.booleans())
    def finish(self, surface: str, lease: Lease, present: bool) -> None:
        """The old protocols delete by name; v1beta2 takes one that is gone already for deleted."""
        lease = self.at_present(lease, wanted=present)

        def model() -> None:
            if surface.startswith("v2beta2"):
                self.model.acknowledge(lease.task_id, lease.end_us)
            elif surface == "rpc_http" or lease.task_id in self.model.live():
                self.model.find(lease.task_id)
                self.model.delete([lease.task_id])

        self.both(model, surface, "finish", lease.task_id, lease.end_us)
        self.held = {task_id: end_us for task_id, end_us in self.held.items() if task_id in self.model.live()}

    def go_forward(self, seconds: float) -> None:
        self.model.now_us = self.clock.advance(seconds)

    @invariant()
    def there_is_one_view(self) -> None:
        """As v1beta2 lists it; the other listings read the same records."""
        answer = self.cluster.call(requests.get, f"{self.cluster.listing_url}/pull/tasks", timeout=30)
        listed = {
            task["id"]: (int(task["leaseTimestamp"]), task["retry_count"]) for task in answer.json().get("items", ())
        }
        assert listed == {task_id: (task.eta_us, task.dispatches) for task_id, task in self.model.live().items()}

    def teardown(self) -> None:
        """Nothing is lost: what is left is handed out in the end, or was leased as often as it may be."""
        try:
            if sys.exc_info()[0] is None:
                while self.model.live():
                    self.go_forward(LEASE_S + 1)
                    for surface in SURFACES:
                        for lease in self.leased(surface, 2, ""):
                            self.finish(surface, lease, present=False)
                self.cluster.run(check_invariants(self.cluster.stores[0]))
        finally:
            self.cluster.run(self.cluster.stores[0].queues.delete(QUEUE_NAME, tombstone_us=0))


@pytest.mark.timeout(600)  # a failing history is shortened for at most five minutes
def test_all_protocols_do_what_the_model_does(cluster: Cluster) -> None:
    run_state_machine_as_test(
        lambda: SurfacesMachine(cluster),
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
