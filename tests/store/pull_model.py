"""What a pull queue does, in a few lines of plain Python: what the store is compared with in random histories."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from broker.model.queue import Queue
from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.model.task import Attempt, NewTask, PullMessage, Task, View
from broker.store.holds import Settlement
from broker.store.outcomes import (
    Deleted,
    LeaseExpired,
    LeasesCapped,
    QueueNotRunning,
    TaskExists,
    TaskMissing,
)

SECOND = 1_000_000
TASK_BYTES = 64


@dataclass
class ModelPullTask:
    """A task, alive or past its life but still lying there."""

    new: NewTask
    create_us: int
    expiry_us: int
    eta_us: int
    dispatches: int = 0
    first_us: int = 0
    last: Attempt | None = None
    settled_by: int | None = None
    """The holder that settled it last, unless it was leased or renewed since."""

    @property
    def message(self) -> PullMessage:
        """What the worker gets."""
        assert isinstance(self.new.request, PullMessage)
        return self.new.request

    @property
    def order(self) -> tuple[int, bytes]:
        """Its place among the others."""
        return min(self.eta_us, self.expiry_us), self.new.name.task_id.encode()

    def lease(self, now_us: int, lease_us: int) -> None:
        """Handed out."""
        self.dispatches += 1
        self.first_us = self.first_us or now_us
        self.last = Attempt(now_us, self.eta_us)
        self.move(now_us + lease_us)

    def move(self, eta_us: int, holder: int | None = None) -> None:
        """Another end for its lease."""
        self.eta_us, self.settled_by = eta_us, holder

    def seen(self, view: View) -> Task:
        """The task as callers see it."""
        message = self.message if view is View.FULL else replace(self.message, body=b"")
        return Task(
            name=self.new.name,
            request=message,
            schedule_us=self.eta_us,
            create_us=self.create_us,
            dispatch_deadline_us=None,
            dispatch_count=self.dispatches,
            first_attempt=Attempt(self.first_us) if self.first_us else None,
            last_attempt=self.last,
            retry_config=self.new.retry_config,
            view=view,
        )


@dataclass
class ModelPullQueue:
    """One queue, and everybody who works on it."""

    queue: Queue
    now_us: int
    is_running: bool = True
    tasks: dict[str, ModelPullTask] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    calls_us: list[int] = field(default_factory=list)
    """When lease calls under a cap were taken."""
    handed_out_us: list[int] = field(default_factory=list)
    """When tasks were handed out, once a task."""

    def live(self) -> dict[str, ModelPullTask]:
        """The tasks that readers see."""
        return {task_id: task for task_id, task in self.tasks.items() if self.now_us < task.expiry_us}

    def find(self, task_id: str) -> ModelPullTask:
        """The live task of this id. Raises TaskMissing."""
        if task_id in self.live():
            return self.tasks[task_id]
        raise TaskMissing(tombstoned=self._is_taken(task_id))

    def create(self, new: NewTask) -> Task:
        """Add a task."""
        task_id = new.name.task_id
        if task_id in self.live():
            raise TaskExists(tombstoned=False)
        if new.named_by_user and self._is_taken(task_id):
            raise TaskExists(tombstoned=True)
        wanted_us = self.now_us if new.schedule_us is None else new.schedule_us
        eta_us = wanted_us if new.keeps_past_schedule else max(self.now_us, wanted_us)
        self.tasks[task_id] = ModelPullTask(new, self.now_us, self.now_us + self.queue.task_ttl_us, eta_us)
        return self.tasks[task_id].seen(View.FULL)

    def lease(
        self,
        *,
        max_tasks: int,
        lease_us: int,
        tags: TagFilter,
        view: View,
        most_bytes: int,
        cap: int,
        require_running: bool = False,
    ) -> list[Task]:
        """Hand out tasks; drop on the way what cannot be had any more."""
        self._check_state(require_running)
        self._count_call(cap)
        if isinstance(tags, OldestTag):
            first = next((task for task in self._available(AnyTag()) if self._can_be_leased(task)), None)
            if first is None:
                return []
            tags = Tag(first.message.tag)
        leased: list[Task] = []
        for task in self._available(tags):
            if len(leased) == max_tasks:
                break
            if not self._can_be_leased(task):
                continue
            most_bytes -= TASK_BYTES + (len(task.message.body) if view is View.FULL else 0)
            if most_bytes < 0 and leased:
                break
            task.lease(self.now_us, lease_us)
            leased.append(task.seen(view))
        self.handed_out_us += [self.now_us] * len(leased)
        return leased

    def renew(
        self, task_id: str, schedule_us: int | None, *, lease_us: int, late_ok: bool, require_running: bool
    ) -> Task:
        """Another end for a lease."""
        self._check_state(require_running)
        task = self.find(task_id)
        if schedule_us not in (None, task.eta_us) or (task.eta_us < self.now_us and not late_ok):
            raise LeaseExpired
        task.move(self.now_us + lease_us)
        return task.seen(View.BASIC)

    def settle(self, holder: int, settlements: Sequence[Settlement]) -> list[int | None]:
        """What a worker says of many tasks."""
        return [self._settle(holder, each) for each in settlements]

    def acknowledge(self, task_id: str, schedule_us: int) -> None:
        """The work is done."""
        if self.find(task_id).eta_us != schedule_us:
            raise LeaseExpired
        self._bury(task_id, self.now_us)

    def delete(self, task_ids: Sequence[str]) -> list[Deleted]:
        """Gone, leased or not."""
        return [self._delete(task_id) for task_id in task_ids]

    def purge(self) -> None:
        """All gone; what was past its life died then."""
        for task_id, task in list(self.tasks.items()):
            self._bury(task_id, min(self.now_us, task.expiry_us))

    def executed(self) -> tuple[int, int]:
        """Handed out in the last 60 seconds and minutes, those that have just begun among them."""
        seconds = [self.now_us // SECOND - at_us // SECOND for at_us in self.handed_out_us]
        minutes = [self.now_us // (60 * SECOND) - at_us // (60 * SECOND) for at_us in self.handed_out_us]
        return sum(since < 60 for since in seconds), sum(since < 60 for since in minutes)

    def _check_state(self, require_running: bool) -> None:
        if require_running and not self.is_running:
            raise QueueNotRunning

    def _settle(self, holder: int, wanted: Settlement) -> int | None:
        task = self.live().get(wanted.task_id)
        if task is None:
            return 0
        if task.eta_us != wanted.schedule_us and task.settled_by != holder:
            return None
        if wanted.lease_us is None:
            self._bury(wanted.task_id, self.now_us)
            return 0
        task.move(self.now_us + wanted.lease_us, holder)
        return task.eta_us

    def _count_call(self, cap: int) -> None:
        if not cap:
            return
        self.calls_us = [at_us for at_us in self.calls_us if at_us > self.now_us - SECOND]
        if len(self.calls_us) >= cap:
            raise LeasesCapped
        self.calls_us.append(self.now_us)

    def _available(self, tags: TagFilter) -> list[ModelPullTask]:
        fitting = [task for task in self.tasks.values() if not isinstance(tags, Tag) or task.message.tag == tags.tag]
        return sorted((task for task in fitting if task.order[0] < self.now_us), key=lambda task: task.order)

    def _can_be_leased(self, task: ModelPullTask) -> bool:
        """Whether it lives and was not leased too often; it is gone otherwise."""
        limit = (task.new.retry_config or self.queue.retry_config).max_attempts
        if self.now_us >= task.expiry_us:
            self._bury(task.new.name.task_id, task.expiry_us)
            return False
        if 0 <= limit <= task.dispatches:
            self._bury(task.new.name.task_id, self.now_us)
            return False
        return True

    def _delete(self, task_id: str) -> Deleted:
        try:
            self.find(task_id)
        except TaskMissing as missing:
            return Deleted.TOMBSTONED if missing.tombstoned else Deleted.UNKNOWN
        self._bury(task_id, self.now_us)
        return Deleted.DELETED

    def _bury(self, task_id: str, died_us: int) -> None:
        if self.tasks.pop(task_id).new.named_by_user:
            self.tombstones[task_id] = died_us + self.queue.tombstone_ttl_us

    def _is_taken(self, task_id: str) -> bool:
        lying = self.tasks.get(task_id)
        if lying is not None:
            return lying.new.named_by_user and self.now_us < lying.expiry_us + self.queue.tombstone_ttl_us
        return self.now_us < self.tombstones.get(task_id, 0)
