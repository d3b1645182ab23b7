"""What the store promises, in memory and in plain Python: the oracle of the state machine.

Written from the design and the specification, not from the scripts. Methods answer what the store should answer, or
raise what it should raise. Where the store has a choice (which due tasks a claim takes, when it frees the slot of an
expired lease), the model is told what the store did, asserts that it was allowed to, and follows.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from broker.model.bucket import TokenBucket
from broker.model.names import QueueName, TaskName
from broker.model.queue import Queue, QueueState
from broker.model.task import NewTask, Task, View
from broker.store.attempts import AttemptKey, Claim, ClaimedTask, Outcome, Result, Settled
from broker.store.outcomes import (
    QueueExists,
    QueueMissing,
    QueueNameTombstoned,
    ScheduleTooFar,
    TaskExists,
    TaskMissing,
)
from tests.store.model_parts import (
    LEASE_US,
    ROUNDING_TOKENS,
    Bookkeeping,
    Forced,
    ModelAttempt,
    ModelQueue,
    ModelTask,
    Service,
)

MOST_RETRY_AFTER_US = 3_600_000_000


class ModelStore:
    """The whole store. `now_us` is set by the test."""

    def __init__(self, now_us: int, partition_of: Callable[[QueueName], int]) -> None:
        self.now_us = now_us
        self.partition_of = partition_of
        self.queues: dict[QueueName, ModelQueue] = {}
        self.departed: list[ModelQueue] = []
        self.queue_tombstones: dict[QueueName, int] = {}
        self.attempts: dict[tuple[int, AttemptKey], ModelAttempt] = {}
        self.forced: list[Forced] = []
        self.services: dict[int, Service] = {}
        self.fences: dict[int, int] = {}
        self.expired_us = 0

    # Time

    def ends_us(self) -> Iterator[int]:
        """The moments at which a name becomes free."""
        yield from self.queue_tombstones.values()
        for queue in self.queues.values():
            yield from queue.tombstones.values()

    def go_forward(self, us: int) -> None:
        """Time passes; tasks past their life are gone.

        Never stops in the last minute before a name becomes free: tombstones also have a TTL, in real time.
        """
        self.now_us += us
        self._expire()
        while late := [end for end in self.ends_us() if self.now_us < end < self.now_us + 60_000_000]:
            self.now_us = max(late)
            self._expire()

    def go_back(self, us: int) -> None:
        """The clock steps back, not before the last end of a life or a tombstone: those do not come back."""
        ended_us = [end for end in self.ends_us() if end <= self.now_us]
        before_us, self.now_us = self.now_us, max([self.now_us - us, self.expired_us, *ended_us])
        for queue in self.queues.values():
            earned = queue.bucket.refilled(before_us)  # what it had earned by then may be stored
            queue.bucket = earned.refilled(self.now_us)
            queue.bucket_unsure = queue.due_unsure = True

    def _expire(self) -> None:
        for queue in self.queues.values():
            queue.bucket = queue.bucket.refilled(self.now_us)
            for task_id, task in list(queue.tasks.items()):
                if task.expiry_us <= self.now_us:
                    self.expired_us = max(self.expired_us, task.expiry_us)
                    self._bury(queue, task_id, task.expiry_us)

    # Queues

    def find(self, name: QueueName) -> ModelQueue:
        """The queue of this name. Raises QueueMissing."""
        if name not in self.queues:
            raise QueueMissing
        return self.queues[name]

    def create_queue(self, queue: Queue) -> Queue:
        """Its id is told by the caller, once the store has chosen one."""
        if queue.name in self.queues:
            raise QueueExists
        if self.queue_tombstones.get(queue.name, 0) > self.now_us:
            raise QueueNameTombstoned
        rates = queue.rate_limits
        burst = rates.max_burst_size
        bucket = TokenBucket(rates.max_dispatches_per_second, burst, float(burst), self.now_us)
        self.queues[queue.name] = ModelQueue("", queue, bucket)
        return queue

    def update_queue(self, name: QueueName, change: Callable[[Queue], Queue]) -> Queue:
        """What the old rate has earned stays, as far as the new bucket can hold it."""
        found = self.find(name)
        found.queue = change(found.queue)
        rates, earned = found.queue.rate_limits, found.bucket.refilled(self.now_us).tokens
        tokens = min(earned, float(rates.max_burst_size))
        found.bucket = TokenBucket(rates.max_dispatches_per_second, rates.max_burst_size, tokens, self.now_us)
        return found.queue

    def set_state(self, name: QueueName, state: QueueState) -> Queue:
        """Pause or resume; a DISABLED queue can only be resumed."""
        found = self.find(name)
        if found.queue.state is not QueueState.DISABLED or state is QueueState.RUNNING:
            found.queue = replace(found.queue, state=state)
        return found.queue

    def purge(self, name: QueueName) -> Queue:
        """Every task is gone, names given by users are not free."""
        found = self.find(name)
        for task_id in list(found.tasks):
            self._bury(found, task_id, self.now_us)
        found.queue = replace(found.queue, purge_time_us=self.now_us)
        return found.queue

    def delete_queue(self, name: QueueName, tombstone_us: int) -> None:
        """The queue is gone with its tasks; attempts that run keep their slots of nothing."""
        found = self.find(name)
        found.tasks.clear()
        del self.queues[name]
        self.departed.append(found)
        self.queue_tombstones[name] = self.now_us + tombstone_us

    # Tasks

    def create_task(self, new: NewTask, horizon_us: int) -> Task:
        """A time in the past, or none, becomes now."""
        found, task_id = self.find(new.name.queue), new.name.task_id
        if task_id in found.tasks:
            raise TaskExists(tombstoned=False)
        if new.named_by_user and found.tombstones.get(task_id, 0) > self.now_us:
            raise TaskExists(tombstoned=True)
        schedule_us = max(self.now_us, new.schedule_us or 0)
        if schedule_us > self.now_us + horizon_us:
            raise ScheduleTooFar
        task = ModelTask(new, self.now_us, self.now_us + found.queue.task_ttl_us, schedule_us, schedule_us)
        found.tasks[task_id] = task
        return task.seen(View.FULL)

    def find_task(self, name: TaskName) -> ModelTask:
        """The live task of this name. Raises QueueMissing, TaskMissing."""
        found = self.find(name.queue)
        if name.task_id not in found.tasks:
            raise TaskMissing(tombstoned=found.tombstones.get(name.task_id, 0) > self.now_us)
        return found.tasks[name.task_id]

    def get_task(self, name: TaskName, view: View) -> Task:
        """The task as callers see it."""
        return self.find_task(name).seen(view)

    def delete_task(self, name: TaskName) -> None:
        """Gone at once; an attempt that runs goes on."""
        self.find_task(name)
        self._bury(self.find(name.queue), name.task_id, self.now_us)

    def run_task(self, name: TaskName, view: View, fence: int) -> Task:
        """The attempt begins in the books now and waits for a claim."""
        task, found = self.find_task(name), self.find(name.queue)
        self._check_new_fence(self.partition_of(name.queue), fence)
        task.dispatched(fence, self.now_us, forced=True)
        self.forced.append(Forced(AttemptKey(found.id, name.task_id, fence), found, task, self.now_us))
        return task.seen(view)

    def _bury(self, queue: ModelQueue, task_id: str, died_us: int) -> None:
        task = queue.tasks.pop(task_id)
        if task.new.named_by_user:
            queue.tombstones[task_id] = died_us + queue.queue.tombstone_ttl_us

    # Attempts

    def claim(self, partition: int, answer: Claim, *, max_tasks: int, skip: Collection[str]) -> None:
        """Check and follow what a new claim has handed out."""
        hold_us = self._serve(partition)
        handed = {claimed.key: claimed for claimed in answer.tasks}
        assert len(handed) == len(answer.tasks) <= max_tasks
        for forced in self._take_forced(partition, max_tasks):
            assert forced.key in handed, f"{forced.key} waits in vain"
            self._lease(forced.queue, forced.task, handed.pop(forced.key), None)
        fences = {key.fence for key in handed}
        assert len(fences) <= 1
        for fence in fences:
            self._check_new_fence(partition, fence)
        by_id = {queue.id: queue for queue in self._of(partition)}
        for key, claimed in handed.items():
            assert key.queue_id not in skip
            self._take(by_id[key.queue_id], claimed, hold_us)
        if len(answer.tasks) < max_tasks:
            for queue in self._of(partition):
                if queue.id not in skip:
                    self._check_nothing_left(queue, hold_us)

    def claim_again(self, partition: int, last: Mapping[AttemptKey, int], answer: Claim) -> None:
        """The same number as before answers with the same tasks, as far as they are held still by the same leases.

        `last` are the ends of the leases that the first answer gave; whoever renewed one had that answer.
        """
        self._serve(partition)
        attempts = [self.attempts[partition, key] for key in last]
        held = {one.key for one in attempts if one.queue.running.get(one.key) == last[one.key] and self._is_live(one)}
        assert {claimed.key for claimed in answer.tasks} == held
        for claimed in answer.tasks:
            attempt = self.attempts[partition, claimed.key]
            attempt.task.check_record(claimed)
            if not attempt.task.books.forced:
                attempt.before = None

    def settle(self, partition: int, result: Result) -> Settled:
        """What a result does."""
        attempt = self.attempts[partition, result.key]
        task, queue = attempt.task, attempt.queue
        held = queue.running.pop(result.key, None) is not None
        if not self._is_live(attempt):
            return Settled.GONE if held else Settled.STALE
        newest = task.books.newest == result.key.fence and task.books.leased
        if not newest and not held:
            return Settled.STALE
        if result.outcome is Outcome.DONE:
            self._bury(queue, result.key.task_id, self.now_us)
            return Settled.DONE
        task.ended += 1
        if result.outcome is Outcome.ANSWERED:
            task.responses += 1
            task.answers += result.http_status < 500
        return self._fail(queue, task, result) if newest else Settled.COUNTED

    def _fail(self, queue: ModelQueue, task: ModelTask, result: Result) -> Settled:
        """The newest attempt failed: try again, or give up."""
        books, config = task.books, task.new.retry_config or queue.queue.retry_config
        assert books.last is not None
        assert books.first_dispatch_us is not None
        if config.is_exhausted(task.ended, self.now_us - books.first_dispatch_us):
            self._bury(queue, result.key.task_id, self.now_us)
            return Settled.EXHAUSTED
        from_us = books.last.dispatch_us if books.forced else self.now_us
        wished_us = self.now_us + min(result.retry_after_us, config.max_backoff_us, MOST_RETRY_AFTER_US)
        task.schedule_us = max(from_us + config.interval_us(task.ended), wished_us, self.now_us)
        task.eligible_us, task.held_back_until_us = task.schedule_us, 0
        task.last_status = result.http_status
        last = replace(books.last, response_us=self.now_us, http_status=result.http_status)
        task.books = replace(books, last=last, leased=False, forced=False)
        return Settled.RETRY

    def renew(self, partition: int, keys: Collection[AttemptKey]) -> list[bool]:
        """Which attempts go on."""
        self._serve(partition)
        return [self._renew(self.attempts[partition, key]) for key in keys]

    def _renew(self, attempt: ModelAttempt) -> bool:
        running, task = attempt.queue.running, attempt.task
        leased = self._is_live(attempt) and task.books.leased
        if attempt.key not in running and not (leased and task.books.newest == attempt.key.fence):
            return False
        running[attempt.key] = self.now_us + LEASE_US
        if leased and task.books.newest == attempt.key.fence:
            task.eligible_us, task.held_back_until_us = self.now_us + LEASE_US, 0
        elif leased:
            task.eligible_us = max(task.eligible_us, self.now_us + LEASE_US)
        return True

    def release(self, partition: int, key: AttemptKey) -> None:
        """The request was never sent: count, slot and token come back, the token less what has flowed in since."""
        attempt = self.attempts[partition, key]
        task, queue = attempt.task, attempt.queue
        held = queue.running.pop(key, None) is not None
        if not held or not self._is_live(attempt) or task.books.newest != key.fence or not task.books.leased:
            return
        if task.books.forced:
            # It may wait already: given back once, then renewed all the same.
            self.forced = [forced for forced in self.forced if forced.key != key]
            self.forced.append(Forced(key, queue, task, self.now_us))
            return
        rates, taken = queue.queue.rate_limits, task.books.last
        assert taken is not None
        lost = TokenBucket(rates.max_dispatches_per_second, 1, 0, taken.dispatch_us).refilled(self.now_us).tokens
        task.books = attempt.before or task.books.without_newest()
        task.eligible_us, task.held_back_until_us = max(self.now_us, task.schedule_us), 0
        bucket = queue.bucket.refilled(self.now_us)
        queue.bucket = replace(bucket, tokens=min(float(bucket.burst), bucket.tokens + 1 - lost))

    def _partition(self, queue: ModelQueue) -> int:
        return self.partition_of(queue.queue.name)

    def _of(self, partition: int) -> list[ModelQueue]:
        return [queue for name, queue in self.queues.items() if self.partition_of(name) == partition]

    def _is_live(self, attempt: ModelAttempt | Forced) -> bool:
        name = attempt.queue.queue.name
        return self.queues.get(name) is attempt.queue and (attempt.queue.tasks.get(attempt.key.task_id) is attempt.task)

    def _check_new_fence(self, partition: int, fence: int) -> None:
        assert fence > self.fences.get(partition, 0)
        self.fences[partition] = fence

    def _serve(self, partition: int) -> int:
        """The partition hears of a dispatcher. Returns the hold's end."""
        return self.services.setdefault(partition, Service()).at(self.now_us)

    def _take_forced(self, partition: int, most: int) -> list[Forced]:
        """The oldest forced attempts, without those that waited too long or whose task is gone."""
        waiting = [one for one in self.forced if self.partition_of(one.queue.queue.name) == partition]
        waiting.sort(key=lambda one: (one.asked_us, f"{one.key.queue_id}:{one.key.fence}:{one.key.task_id}"))
        taken = waiting[:most]
        self.forced = [one for one in self.forced if one not in taken]
        in_time = [one for one in taken if self.now_us - one.asked_us <= LEASE_US]
        return [one for one in in_time if self._is_live(one) and not one.is_settled]

    def _take(self, queue: ModelQueue, claimed: ClaimedTask, hold_us: int) -> None:
        """A due task was claimed: it was free to be, and so were a token and a slot."""
        task, now_us = queue.tasks[claimed.key.task_id], self.now_us
        assert queue.dispatches
        assert self._is_claimable(task, hold_us), f"{claimed.key} is not to be had before {task.eligible_us}"
        bucket = queue.bucket.refilled(now_us)
        assert bucket.tokens >= 1 - ROUNDING_TOKENS
        assert self._free_slots(queue, hold_us) > 0
        queue.bucket = replace(bucket, tokens=bucket.tokens - 1)
        before = task.books
        task.dispatched(claimed.key.fence, now_us, forced=False)
        self._lease(queue, task, claimed, before)

    def _lease(self, queue: ModelQueue, task: ModelTask, claimed: ClaimedTask, before: Bookkeeping | None) -> None:
        task.check_record(claimed)
        known, end_us = before if claimed.record is not None else None, self.now_us + LEASE_US
        self.attempts[self._partition(queue), claimed.key] = ModelAttempt(claimed.key, queue, task, known)
        queue.running[claimed.key] = end_us
        task.eligible_us, task.held_back_until_us = end_us, 0

    def _is_claimable(self, task: ModelTask, hold_us: int) -> bool:
        return task.eligible_us <= self.now_us and not (task.books.leased and hold_us > self.now_us)

    def _free_slots(self, queue: ModelQueue, hold_us: int) -> int:
        expire = hold_us <= self.now_us
        held = [end for end in queue.running.values() if end > self.now_us or not expire]
        return queue.queue.rate_limits.max_concurrent_dispatches - len(held)

    def _check_nothing_left(self, queue: ModelQueue, hold_us: int) -> None:
        """A claim with credit left has taken all there was."""
        claimable = {
            task_id: task
            for task_id, task in queue.tasks.items()
            if self._is_claimable(task, hold_us) and task.held_back_until_us <= self.now_us
        }
        tokens = queue.bucket.refilled(self.now_us).tokens
        if queue.dispatches and tokens >= queue.worthwhile_tokens and not (queue.bucket_unsure or queue.due_unsure):
            assert not claimable or self._free_slots(queue, hold_us) <= 0, f"overlooked {list(claimable)}"
        for task in queue.tasks.values():
            if task.books.leased and hold_us > self.now_us >= task.eligible_us:
                task.held_back_until_us = max(task.held_back_until_us, hold_us)

    def janitor_has_passed(self) -> None:
        """Every queue's due moment was derived anew."""
        for queue in self.queues.values():
            queue.due_unsure = False

    # What the store decides

    def follow_leases(self, queue: ModelQueue, leases: dict[AttemptKey, int]) -> None:
        """The store may free the slot of an expired lease when it likes, and no other."""
        for key, lease_end_us in leases.items():
            assert queue.running.get(key) == lease_end_us, f"{key} leased until {lease_end_us}"
        for key in queue.running.keys() - leases.keys():
            assert queue.running[key] <= self.now_us, f"{key} lost its slot"
        queue.running = {key: end for key, end in queue.running.items() if key in leases}

    def follow_bucket(self, queue: ModelQueue, tokens: float, refilled_us: int) -> None:
        """The stored bucket is the model's, but that a step back of the clock may cost it something."""
        rates = queue.queue.rate_limits
        stored = TokenBucket(rates.max_dispatches_per_second, rates.max_burst_size, tokens, refilled_us)
        difference = stored.refilled(self.now_us).tokens - queue.bucket.refilled(self.now_us).tokens
        assert difference <= ROUNDING_TOKENS
        if queue.bucket_unsure:
            assert queue.due_unsure or refilled_us <= self.now_us, "the janitor left the bucket in the future"
            if refilled_us <= self.now_us:
                queue.bucket, queue.bucket_unsure = stored, False
        else:
            assert difference >= -ROUNDING_TOKENS
