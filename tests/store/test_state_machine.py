"""Random histories of the store, on a real server, against the model in `model_store.py`.

A long run: `pytest --hypothesis-profile=long tests/store/test_state_machine.py`
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
import redis
import uvloop
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from broker.model.names import LocationName, QueueName, TaskName
from broker.model.queue import Queue, QueueState
from broker.model.task import HttpRequest, NewTask, View
from broker.store.attempts import AttemptKey, ClaimedTask, Outcome, Result
from broker.store.outcomes import StoreOutcome
from broker.store.record import Header
from broker.store.store import Store
from tests.store.model_parts import LEASE_US, ModelQueue
from tests.store.model_store import ModelStore
from tests.store.strategies import (
    NAMES,
    TASK_IDS,
    Fate,
    Wanted,
    ends,
    fates,
    one_task,
    owners,
    queue_names,
    queues,
    tasks_wanted,
    views,
)
from tests.support.histories import HISTORY_LIMIT_S, play
from tests.support.invariants import check_invariants
from tests.support.seeds import HORIZON_US, HOUR, SECOND, START_US, URL, Clock, Dispatcher

PARTITIONS = 2
CLAIMS_OF_A_DRAIN = 400
APART_US = 7
"""No task is wanted at the very moment at which the lease of an earlier one of its id ends: no user can know it."""

Handed = tuple[int, ClaimedTask]
"""An attempt and its partition: the ids of queues are unique only there."""


class StoreMachine(RuleBasedStateMachine):
    """Two nodes, two dispatchers, three queues in two partitions, and a clock."""

    tasks = Bundle("tasks")
    attempts = Bundle("attempts")

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self.loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.clock = Clock()
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        self.stores = [self.run(Store.open(redis_url, partitions=PARTITIONS, clock=self.clock)) for _ in range(2)]
        self.partition_of = self.stores[0].backend.keys.partition_of
        self.model = ModelStore(START_US, self.partition_of)
        self.dispatchers = {
            (owner, partition): Dispatcher(self.stores[owner], f"d{owner}", partition)
            for owner in range(2)
            for partition in range(PARTITIONS)
        }
        self.last_claims: dict[tuple[int, int], dict[AttemptKey, int]] = {}
        self.names: set[TaskName] = set()
        self.created = 0

    def run(self, awaitable: Any) -> Any:
        return self.loop.run(awaitable)

    def store(self) -> Store:
        """The nodes in turn: each remembers ids of queues that the other has deleted since."""
        self.stores.reverse()
        return self.stores[0]

    def both(self, model: Callable[[], Any], operation: Awaitable[Any]) -> Any:
        """Do the same to model and store, which must answer the same."""
        expected = _answer_of(model)
        actual = self.run(_answer(operation))
        _check_same(actual, expected)
        return None if isinstance(actual, StoreOutcome) else actual

    # Queues

    @initialize(
        target=tasks, one=queues, two=queues, three=queues, first=tasks_wanted, second=tasks_wanted, third=tasks_wanted
    )
    def begin(
        self, one: Queue, two: Queue, three: Queue, first: list[Wanted], second: list[Wanted], third: list[Wanted]
    ) -> Any:
        for name, queue in zip(NAMES, (one, two, three), strict=True):
            self.create_queue(replace(queue, name=name))
        return multiple(*map(self.create_task, first + second + third))

    @rule(queue=queues)
    def create_queue(self, queue: Queue) -> None:
        if self.both(lambda: self.model.create_queue(queue), self.store().queues.create(queue, max_queues=10)):
            self.model.find(queue.name).id = self.run(self.store().queues.find(queue.name)).id

    @rule(name=queue_names, tombstone_us=st.sampled_from([0, 0, HOUR]), again=st.none() | queues)
    def delete_queue(self, name: QueueName, tombstone_us: int, again: Queue | None) -> None:
        self.both(
            lambda: self.model.delete_queue(name, tombstone_us),
            self.store().queues.delete(name, tombstone_us=tombstone_us),
        )
        if again:
            self.create_queue(replace(again, name=name))

    @rule(name=queue_names, wanted=queues)
    def update_queue(self, name: QueueName, wanted: Queue) -> None:
        """All that a user can change once the queue is there."""

        def change(queue: Queue) -> Queue:
            lives = {"task_ttl_us": queue.task_ttl_us, "tombstone_ttl_us": queue.tombstone_ttl_us}
            return replace(wanted, name=name, state=queue.state, purge_time_us=queue.purge_time_us, **lives)

        self.both(lambda: self.model.update_queue(name, change), self.store().queues.update(name, change))

    @rule(name=queue_names, change=st.sampled_from([*QueueState, None]))
    def resume_pause_or_purge(self, name: QueueName, change: QueueState | None) -> None:
        if change:
            self.both(lambda: self.model.set_state(name, change), self.store().queues.set_state(name, change))
        else:
            self.both(lambda: self.model.purge(name), self.store().queues.purge(name))

    # Tasks

    @rule(target=tasks, wanted=tasks_wanted)
    def create_tasks(self, wanted: list[Wanted]) -> Any:
        return multiple(*map(self.create_task, wanted))

    def create_task(self, wanted: Wanted) -> TaskName:
        self.created += 1
        body = f"{self.created:x}".encode().ljust(wanted.body_bytes, b".") if wanted.body_bytes else b""
        new = NewTask(
            name=wanted.queue.task(wanted.task_id or f"{self.created:020d}"),
            named_by_user=wanted.task_id in TASK_IDS,
            request=HttpRequest(URL, body=body),
            schedule_us=None if wanted.after_us is None else self.clock.now_us + wanted.after_us + APART_US,
            retry_config=wanted.retry_config,
        )
        self.names.add(new.name)
        self.both(
            lambda: self.model.create_task(new, HORIZON_US), self.store().tasks.create(new, horizon_us=HORIZON_US)
        )
        return new.name

    @rule(name=tasks)
    def delete_task(self, name: TaskName) -> None:
        self.both(lambda: self.model.delete_task(name), self.store().tasks.delete(name))

    @rule(name=tasks, again=one_task)
    def replace_task(self, name: TaskName, again: Wanted) -> None:
        """A name may be used again at once where names of finished tasks are not kept, or if no user gave it."""
        self.delete_task(name)
        self.create_task(replace(again, queue=name.queue, task_id=name.task_id))

    @rule(name=tasks, view=views)
    def run_task(self, name: TaskName, view: View) -> None:
        actual = self.run(_answer(self.store().tasks.run(name, view)))
        fence = 0 if isinstance(actual, StoreOutcome) else self.fence_of(name)
        _check_same(actual, _answer_of(lambda: self.model.run_task(name, view, fence)))

    def fence_of(self, name: TaskName) -> int:
        key = AttemptKey(self.model.find(name.queue).id, name.task_id, 0)
        return Header.unpack(self.run(self.stores[0].attempts.read(self.partition_of(name.queue), key))).fence

    # Attempts

    @rule(
        target=attempts,
        owner=owners,
        name=queue_names,
        max_tasks=st.sampled_from([1, 3, 100, 100]),
        skipped=st.none() | st.none() | queue_names,
    )
    def claim(self, owner: int, name: QueueName, max_tasks: int, skipped: QueueName | None) -> Any:
        self.go_forward(1)  # a queue just served lines up behind the others of the same microsecond
        partition = self.partition_of(name)
        known = self.model.queues.get(skipped) if skipped else None
        skip = [known.id] if known and self.partition_of(known.queue.name) == partition else []
        answer = self.run(self.dispatchers[owner, partition].claim(max_tasks, skip=skip))
        self.model.claim(partition, answer, max_tasks=max_tasks, skip=skip)
        self.last_claims[owner, partition] = {task.key: self.clock.now_us + LEASE_US for task in answer.tasks}
        return multiple(*((partition, task) for task in answer.tasks))

    @rule(target=attempts, owner=owners, name=queue_names, what=fates)
    def work(self, owner: int, name: QueueName, what: list[Fate]) -> Any:
        """Claim, and end some of the attempts at once."""
        handed = self.claim(owner, name, 100, None)
        for one, fate in zip(handed.values, cycle(what), strict=False):
            if fate is Fate.RELEASED:
                self.release(one)
            elif fate is not Fate.KEPT:
                self.settle([one], fate.value, 0)
        return handed

    @rule(target=attempts, which=st.integers(0, 9))
    def claim_again(self, which: int) -> Any:
        """The answer to a dispatcher's last claim did not arrive."""
        lost = [place for place, keys in sorted(self.last_claims.items()) if keys]
        if not lost:
            return multiple()
        place = lost[which % len(lost)]
        partition = place[1]
        answer = self.run(self.dispatchers[place].claim_again())
        self.model.claim_again(partition, self.last_claims[place], answer)
        return multiple(*((partition, task) for task in answer.tasks))

    @rule(
        some=st.lists(attempts, min_size=1, max_size=4),
        end=ends,
        retry_after_us=st.sampled_from([0, 0, SECOND, 2 * HOUR]),
    )
    def settle(self, some: list[Handed], end: tuple[Outcome, int], retry_after_us: int) -> None:
        outcome, status = end
        for partition, keys in by_partition(some):
            results = [Result(key, outcome, status, retry_after_us) for key in keys]
            actual = self.run(self.store().attempts.settle(partition, results))
            _check_same(actual, [self.model.settle(partition, result) for result in results])

    @rule(some=st.lists(attempts, min_size=1, max_size=5))
    def renew(self, some: list[Handed]) -> None:
        for partition, keys in by_partition(some):
            actual = self.run(self.store().attempts.renew(partition, keys, lease_us=LEASE_US))
            _check_same(actual, self.model.renew(partition, keys))

    @rule(unsent=attempts)
    def release(self, unsent: Handed) -> None:
        partition, claimed = unsent
        self.run(self.store().attempts.release(partition, [claimed]))
        self.model.release(partition, claimed.key)

    # Time, and the janitor

    @rule(us=st.sampled_from([HOUR // 2, 3 * HOUR]))
    def let_lives_end(self, us: int) -> None:
        self.go_forward(us)

    @rule(us=st.sampled_from([SECOND, 4 * SECOND, 11 * SECOND, LEASE_US - 1, LEASE_US, 10_000, 1]))
    def go_forward(self, us: int) -> None:
        self.model.go_forward(us)
        self.clock.now_us = self.model.now_us

    @rule(us=st.sampled_from([SECOND, 20 * SECOND, HOUR]))
    def step_back(self, us: int) -> None:
        self.model.go_back(us)
        self.clock.now_us = self.model.now_us

    @rule()
    def janitor_passes(self) -> None:
        for partition in range(PARTITIONS):
            while self.run(self.store().upkeep.sweep(partition)):
                pass
            after = self.run(self.store().upkeep.refresh(partition, ""))
            while after:
                after = self.run(self.store().upkeep.refresh(partition, after))
        self.model.janitor_has_passed()

    # What must hold

    @invariant()
    def agrees(self) -> None:
        self.run(self.compare())

    async def compare(self) -> None:
        store = self.store()
        await asyncio.gather(
            *(self.compare_queue(store, name) for name in NAMES),
            *(self.compare_task(store, name) for name in self.names),
            *(self.follow(store, queue) for queue in [*self.model.queues.values(), *self.model.departed]),
        )
        found, _ = await store.queues.page(LocationName("p", "l"), page_size=10, after="")
        assert found == [self.model.queues[name].queue for name in sorted(self.model.queues, key=str)]
        if not any(queue.due_unsure for queue in self.model.queues.values()):
            await check_invariants(store)

    async def compare_queue(self, store: Store, name: QueueName) -> None:
        expected = _answer_of(lambda: self.model.find(name).queue)
        _check_same(await _answer(store.queues.get(name)), expected)
        if name not in self.model.queues:
            return
        token, listed = "", {}
        while True:
            page, token = await store.tasks.page(name, View.BASIC, page_size=3, token=token)
            listed.update({task.name.task_id: task for task in page})
            if not token:
                break
        assert listed == {key: task.seen(View.BASIC) for key, task in self.model.queues[name].tasks.items()}

    async def compare_task(self, store: Store, name: TaskName) -> None:
        expected = _answer_of(lambda: self.model.get_task(name, View.FULL))
        _check_same(await _answer(store.tasks.get(name, View.FULL)), expected)

    async def follow(self, store: Store, queue: ModelQueue) -> None:
        """What the store alone decides: which expired leases it has freed, and how a step back hit the bucket."""
        prefix = f"{store.backend.keys.prefix(self.partition_of(queue.queue.name))}:{queue.id}"
        flat = await store.backend.command(prefix, "ZRANGE", f"{prefix}:l", 0, -1, "WITHSCORES")
        members = (member.decode().rsplit(":", 1) for member in flat[::2])
        keys = [AttemptKey(queue.id, task_id, int(fence)) for task_id, fence in members]
        self.model.follow_leases(queue, dict(zip(keys, map(int, flat[1::2]), strict=True)))
        if queue not in self.model.departed:
            tokens, refilled_us = await store.backend.command(prefix, "HMGET", prefix, "tokens", "refilled_us")
            self.model.follow_bucket(queue, float(tokens), int(refilled_us))

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.drain()
        finally:
            for store in self.stores:
                self.run(store.close())
            self.loop.close()

    def drain(self) -> None:
        """Nothing is lost: resumed, and claimed from when the claims themselves ask for, every task is delivered."""
        for name in self.model.queues:
            self.resume_pause_or_purge(name, QueueState.RUNNING)
        self.janitor_passes()
        for _ in range(CLAIMS_OF_A_DRAIN):
            delays = [self.drain_once(partition) for partition in range(PARTITIONS)]
            pending = [delay for delay in delays if delay is not None]
            if not pending:
                break
            self.go_forward(max(1, min(pending)))
        left = [name for queue in self.model.queues.values() for name in queue.tasks]
        assert not left, f"never delivered: {left}"
        self.agrees()

    def drain_once(self, partition: int) -> int | None:
        dispatcher = self.dispatchers[0, partition]
        answer = self.run(dispatcher.claim())
        self.model.claim(partition, answer, max_tasks=100, skip=())
        if answer.tasks:
            self.settle([(partition, task) for task in answer.tasks], (Outcome.DONE, 200), 0)
        self.run(self.compare())
        return answer.delay_us


def by_partition(some: list[Handed]) -> Iterator[tuple[int, list[AttemptKey]]]:
    """Attempts as the store takes them: a batch for each partition."""
    for partition in sorted({partition for partition, _ in some}):
        yield partition, [claimed.key for where, claimed in some if where == partition]


async def _answer(operation: Awaitable[Any]) -> Any:
    try:
        return await operation
    except StoreOutcome as outcome:
        return outcome


def _answer_of(model: Callable[[], Any]) -> Any:
    try:
        return model()
    except StoreOutcome as outcome:
        return outcome


def _check_same(actual: Any, expected: Any) -> None:
    assert _comparable(actual) == _comparable(expected), f"the store: {actual!r}; the model: {expected!r}"


def _comparable(answer: Any) -> Any:
    return (type(answer), vars(answer)) if isinstance(answer, StoreOutcome) else answer


@pytest.mark.timeout(HISTORY_LIMIT_S)
def test_the_store_does_what_the_model_does(redis_url: str, is_first_server: bool) -> None:
    play(lambda: StoreMachine(redis_url), histories=60 if is_first_server else 20)
