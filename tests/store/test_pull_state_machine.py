"""Random histories of a pull queue, on a real server, against the model in `pull_model.py`.

A long run: `pytest --hypothesis-profile=long tests/store/test_pull_state_machine.py`
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
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

from broker.model.queue import QueueKind, QueueState
from broker.model.retry import RetryConfig
from broker.model.tag_filter import AnyTag, OldestTag, Tag
from broker.model.task import NewTask, PullMessage, Task, View
from broker.store.holds import Settlement
from broker.store.outcomes import StoreOutcome
from broker.store.store import Store
from tests.store.pull_model import ModelPullQueue
from tests.support.histories import HISTORY_LIMIT_S, play
from tests.support.invariants import check_invariants
from tests.support.lost_answers import LostAnswers
from tests.support.pulling import MOST_BYTES, QUEUE, Worker
from tests.support.seeds import HORIZON_US, HOUR, SECOND, Clock, a_queue

TAGS = (b"", b"a", b"\xff\0", b"t" * 300)
FILTERS = [*[AnyTag()] * 4, OldestTag(), OldestTag(), *map(Tag, TAGS)]
LIMITS = [*[None] * 4, RetryConfig(max_attempts=2), RetryConfig(max_attempts=0), RetryConfig(max_attempts=-1)]
LEASES_S = (0, 1, 30, 30, 2 * 3600)
HOLDERS = (1, 2)
NEXT_US, AFTER_NEXT_US = -1, -2
"""Wait until the earliest task that lies ahead is to be had: not yet; now, a microsecond later."""
WAITS_US = (0, 1, SECOND // 2, 30 * SECOND, 61 * SECOND, HOUR, NEXT_US, AFTER_NEXT_US, AFTER_NEXT_US, AFTER_NEXT_US)

queues = st.builds(
    a_queue,
    retry_config=st.sampled_from([RetryConfig(max_attempts=limit) for limit in (-1, -1, -1, 4, 1)]),
    task_ttl_us=st.sampled_from([48 * HOUR, 48 * HOUR, HOUR]),
    tombstone_ttl_us=st.sampled_from([0, HOUR]),
)
wanted_tasks = st.fixed_dictionaries(
    {
        "task_id": st.sampled_from(["a", "b", "c", None, None, None]),
        "after_us": st.sampled_from([None, -HOUR, -SECOND, -1, -1, 0, SECOND, 2 * HOUR]),
        "keeps": st.booleans(),
        "tag": st.sampled_from(TAGS),
        "size": st.sampled_from([0, 10, 20_000]),
        "retry_config": st.sampled_from(LIMITS),
    }
)


class PullMachine(RuleBasedStateMachine):
    """Two workers at two nodes, one queue, and a clock."""

    leases = Bundle("leases")
    """Tasks as a lease or a renewal answered them, however long ago."""

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self.loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.clock = Clock()
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        self.stores = [self.run(Store.open(redis_url, partitions=1, clock=self.clock)) for _ in range(2)]
        self.workers = [Worker(store) for store in self.stores]
        self.created = 0
        self.held: dict[str, int] = {}
        """Until when somebody works on a task, by its id."""

    def run(self, awaitable: Any) -> Any:
        return self.loop.run(awaitable)

    def worker(self) -> Worker:
        """The workers in turn."""
        self.workers.reverse()
        return self.workers[0]

    def both(self, model: Callable[[], Any], operation: Awaitable[Any], lost: str = "") -> Any:
        """Do the same to model and store, which must answer the same; maybe the store's first answer gets lost."""
        try:
            expected = model()
        except StoreOutcome as outcome:
            expected = outcome
        with LostAnswers(lost) if lost else nullcontext():
            actual = self.run(_answer(operation))
        assert _comparable(actual) == _comparable(expected)
        return None if isinstance(actual, StoreOutcome) else actual

    @initialize(target=leases, queue=queues, wanted=st.lists(wanted_tasks, min_size=3, max_size=8))
    def begin(self, queue: Any, wanted: list[dict[str, Any]]) -> Any:
        self.model = ModelPullQueue(replace(queue, kind=QueueKind.PULL), self.clock.now_us)
        self.run(self.stores[0].queues.create(self.model.queue, max_queues=10))
        for one in wanted:
            self.create(one)
        self.go_forward(1)
        return multiple(*self.leased(2, 30, tags=AnyTag(), view=View.FULL, most_bytes=MOST_BYTES, cap=0))

    @rule(wanted=wanted_tasks)
    def create(self, wanted: dict[str, Any]) -> None:
        self.created += 1
        body = b"%x" % self.created
        new = NewTask(
            name=QUEUE.task(wanted["task_id"] or f"{self.created:020d}"),
            named_by_user=wanted["task_id"] is not None,
            request=PullMessage(body.ljust(wanted["size"], b"."), wanted["tag"]),
            schedule_us=None if wanted["after_us"] is None else self.clock.now_us + wanted["after_us"],
            dispatch_deadline_us=None,
            retry_config=wanted["retry_config"],
            keeps_past_schedule=wanted["keeps"] and wanted["after_us"] is not None,
        )
        store = self.worker().store
        self.both(lambda: self.model.create(new), store.tasks.create(new, horizon_us=HORIZON_US))

    @rule(
        target=leases,
        max_tasks=st.sampled_from([1, 2, 100, 100]),
        seconds=st.sampled_from(LEASES_S),
        wait_us=st.sampled_from(WAITS_US),
        tags=st.sampled_from(FILTERS),
        view=st.sampled_from(View),
        most_bytes=st.sampled_from([MOST_BYTES, MOST_BYTES, 30_000, 1]),
        cap=st.sampled_from([0, 0, 0, 3]),
        require_running=st.booleans(),
        lost=st.sampled_from(["", "", "", "pull_lease"]),
    )
    def lease(self, max_tasks: int, seconds: int, wait_us: int, lost: str, **options: Any) -> Any:
        self.go_forward(wait_us)
        return multiple(*self.leased(max_tasks, seconds, lost if not options["cap"] else "", **options))

    def leased(self, max_tasks: int, seconds: int, lost: str = "", **options: Any) -> list[Task]:
        tasks = self.both(
            lambda: self.model.lease(max_tasks=max_tasks, lease_us=seconds * SECOND, **options),
            self.worker().lease(max_tasks, seconds, **options),
            lost,
        )
        for task in tasks or ():
            assert self.held.get(task.name.task_id, 0) < self.clock.now_us, f"{task} is leased twice at once"
            self.held[task.name.task_id] = task.schedule_us
        return tasks or []

    def at_present(self, task: Task, *, wanted: bool) -> Task:
        """The task with the proof of its lease as it now is, if wanted; otherwise as it was answered."""
        found = self.model.live().get(task.name.task_id)
        return replace(task, schedule_us=found.eta_us) if wanted and found else task

    @rule(
        target=leases,
        task=leases,
        seconds=st.sampled_from(LEASES_S),
        wait_us=st.sampled_from(WAITS_US),
        late_ok=st.booleans(),
        require_running=st.booleans(),
        proof=st.sampled_from(["present", "present", "given", "none"]),
        lost=st.sampled_from(["", "", "", "pull_renew"]),
    )
    def renew(self, task: Task, seconds: int, wait_us: int, proof: str, lost: str, **options: bool) -> Any:
        self.go_forward(wait_us)
        schedule_us = None if proof == "none" else self.at_present(task, wanted=proof == "present").schedule_us
        task_id = task.name.task_id
        renewed = self.both(
            lambda: self.model.renew(task_id, schedule_us, lease_us=seconds * SECOND, **options),
            self.worker().renew(task, seconds, schedule_us=schedule_us, **options),
            lost,
        )
        if renewed:
            self.held[task_id] = renewed.schedule_us
        return multiple(renewed) if renewed else multiple()

    @rule(
        target=leases,
        tasks=st.lists(leases, min_size=1, max_size=3, unique_by=lambda task: task.name),
        seconds=st.lists(st.sampled_from([None, *LEASES_S]), min_size=3, max_size=3),
        present=st.booleans(),
        holder=st.sampled_from(HOLDERS),
        lost=st.sampled_from(["", "", "", "pull_settle"]),
    )
    def settle(self, tasks: list[Task], seconds: list[int | None], present: bool, holder: int, lost: str) -> Any:
        tasks = [self.at_present(task, wanted=present) for task in tasks]
        settlements = [
            Settlement(task.name.task_id, task.schedule_us, None if length_s is None else length_s * SECOND)
            for task, length_s in zip(tasks, seconds, strict=False)
        ]
        operation = self.worker().store.holds.settle(QUEUE, holder, settlements)
        answers = self.both(lambda: self.model.settle(holder, settlements), operation, lost)
        self.forget_gone()
        kept = [replace(task, schedule_us=end) for task, end in zip(tasks, answers, strict=True) if end]
        self.held |= {task.name.task_id: task.schedule_us for task in kept}
        return multiple(*kept)

    @rule(task=leases, present=st.booleans())
    def acknowledge(self, task: Task, present: bool) -> None:
        task, task_id = self.at_present(task, wanted=present), task.name.task_id
        self.both(lambda: self.model.acknowledge(task_id, task.schedule_us), self.worker().acknowledge(task))
        self.forget_gone()

    @rule(some=st.lists(leases, max_size=2), names=st.lists(st.sampled_from(["a", "b", "c", "never"]), max_size=3))
    def delete(self, some: list[Task], names: list[str]) -> None:
        task_ids = [task.name.task_id for task in some] + names
        store = self.worker().store
        self.both(lambda: self.model.delete(task_ids), store.tasks.delete_many(QUEUE, task_ids))
        self.forget_gone()

    @rule(is_running=st.booleans())
    def set_state(self, is_running: bool) -> None:
        self.model.is_running = is_running
        state = QueueState.RUNNING if is_running else QueueState.PAUSED
        self.run(self.worker().store.queues.set_state(QUEUE, state))

    @rule()
    def purge(self) -> None:
        self.model.purge()
        self.run(self.worker().store.queues.purge(QUEUE))
        self.forget_gone()

    @rule()
    def janitor_passes(self) -> None:
        while self.run(self.worker().store.upkeep.sweep(0)):
            pass

    @rule(us=st.sampled_from(WAITS_US))
    def go_forward(self, us: int) -> None:
        if us < 0:
            ahead_us = (task.eta_us for task in self.model.live().values() if task.eta_us >= self.clock.now_us)
            us = min(ahead_us, default=self.clock.now_us) - self.clock.now_us + (us == AFTER_NEXT_US)
        self.clock.now_us += us
        self.model.now_us = self.clock.now_us

    def forget_gone(self) -> None:
        self.held = {task_id: until_us for task_id, until_us in self.held.items() if task_id in self.model.live()}

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "model"):
            self.run(self.compare(self.worker().store))

    async def compare(self, store: Store) -> None:
        live = self.model.live()
        listed: dict[str, Task] = {}
        token = ""
        while True:
            page, token = await store.tasks.page(QUEUE, View.FULL, page_size=3, token=token)
            listed |= {task.name.task_id: task for task in page}
            if not token:
                break
        assert listed == {task_id: task.seen(View.FULL) for task_id, task in live.items()}
        stats = await store.queues.stats(QUEUE)
        assert stats is not None
        assert (stats.executed_last_minute, stats.executed_last_hour) == self.model.executed()
        await check_invariants(store)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and hasattr(self, "model"):
                self.drain()
        finally:
            for store in self.stores:
                self.run(store.close())
            self.loop.close()

    def drain(self) -> None:
        """Nothing is lost: every task is handed out in the end, or was leased as often as it may be."""
        while self.model.live():
            self.go_forward(max(1, min(task.eta_us for task in self.model.live().values()) + 1 - self.clock.now_us))
            options = {"tags": AnyTag(), "view": View.FULL, "most_bytes": MOST_BYTES, "cap": 0}
            tasks = self.both(
                lambda: self.model.lease(max_tasks=100, lease_us=SECOND, **options),  # noqa: B023
                self.worker().lease(100, 1, **options),
            )
            for task in tasks:
                self.acknowledge(task, present=False)
        self.janitor_passes()
        self.agrees()


async def _answer(operation: Awaitable[Any]) -> Any:
    try:
        return await operation
    except StoreOutcome as outcome:
        return outcome


def _comparable(answer: Any) -> Any:
    return (type(answer), vars(answer)) if isinstance(answer, StoreOutcome) else answer


@pytest.mark.timeout(HISTORY_LIMIT_S)
def test_a_pull_queue_does_what_the_model_does(redis_url: str, is_first_server: bool) -> None:
    play(lambda: PullMachine(redis_url), histories=50 if is_first_server else 15)
