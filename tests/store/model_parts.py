"""What the model of the store is made of: tasks, queues, attempts, each one incarnation of a name."""

from dataclasses import dataclass, field, replace

from broker.model.bucket import TokenBucket
from broker.model.queue import Queue, QueueKind, QueueState
from broker.model.task import Attempt, NewTask, Task, View
from broker.store.attempts import AttemptKey, ClaimedTask
from broker.store.record import Record

LEASE_US = 30_000_000
HOLD_US = LEASE_US // 3
ROUNDING_TOKENS = 1e-6


@dataclass(frozen=True)
class Bookkeeping:
    """What a dispatch changes in a task, and a release puts back."""

    dispatches: int = 0
    first_dispatch_us: int | None = None
    last: Attempt | None = None
    newest: int | None = None
    """The fence of the newest attempt."""
    leased: bool = False
    """The newest attempt has not ended, as far as is known."""
    forced: bool = False
    """The newest attempt was forced by RunTask."""

    def without_newest(self) -> "Bookkeeping":
        """The books after a release by a dispatcher that cannot tell how they were before."""
        count = self.dispatches - 1
        return replace(self, dispatches=count, leased=False) if count else Bookkeeping(newest=self.newest)


@dataclass(eq=False)
class ModelTask:
    """One incarnation of a task's name."""

    new: NewTask
    create_us: int
    expiry_us: int
    schedule_us: int
    eligible_us: int
    """When a claim may take it, if its attempts do not end before."""
    held_back_until_us: int = 0
    """A claim during a hold may have put it off until then."""
    responses: int = 0
    answers: int = 0
    ended: int = 0
    last_status: int = 0
    books: Bookkeeping = field(default_factory=Bookkeeping)

    def seen(self, view: View) -> Task:
        """The task as callers see it."""
        books, request = self.books, self.new.request
        return Task(
            name=self.new.name,
            request=request if view is View.FULL else replace(request, body=b""),
            schedule_us=self.schedule_us,
            create_us=self.create_us,
            dispatch_deadline_us=self.new.dispatch_deadline_us,
            dispatch_count=books.dispatches,
            response_count=self.responses,
            first_attempt=None if books.first_dispatch_us is None else Attempt(books.first_dispatch_us),
            last_attempt=books.last,
            retry_config=self.new.retry_config,
            view=view,
        )

    def dispatched(self, fence: int, now_us: int, *, forced: bool) -> None:
        """An attempt begins."""
        books = self.books
        self.books = Bookkeeping(
            dispatches=books.dispatches + 1,
            first_dispatch_us=now_us if books.first_dispatch_us is None else books.first_dispatch_us,
            last=Attempt(now_us, self.schedule_us, None, self.last_status),
            newest=fence,
            leased=True,
            forced=forced,
        )

    def check_record(self, claimed: ClaimedTask) -> None:
        """What a dispatcher was handed is this task, as it was before the attempt or after."""
        if claimed.record is None:
            return
        record = Record.unpack(claimed.record)
        assert record.request == self.new.request
        assert (record.header.answers, record.header.ended) == (self.answers, self.ended)
        after = record.header.fence == claimed.key.fence
        if self.books.newest == claimed.key.fence:
            assert record.header.dispatches == self.books.dispatches - (not after)


@dataclass(eq=False)
class ModelQueue:
    """One incarnation of a queue's name. It outlives its deletion for as long as its attempts run."""

    id: str
    queue: Queue
    bucket: TokenBucket
    tasks: dict[str, ModelTask] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    running: dict[AttemptKey, int] = field(default_factory=dict)
    """Attempts that hold a slot, and their leases' ends."""
    bucket_unsure: bool = False
    """The clock stepped back: the store's bucket may hold less until it is touched."""
    due_unsure: bool = False
    """The clock stepped back: a claim may overlook the queue until the janitor has passed."""

    @property
    def dispatches(self) -> bool:
        """Whether it hands out tasks."""
        return self.queue.state is QueueState.RUNNING and self.queue.kind is QueueKind.PUSH

    @property
    def worthwhile_tokens(self) -> float:
        """From how many tokens on a claim must not pass the queue by."""
        rates = self.queue.rate_limits
        return min(rates.max_burst_size, max(1.0, rates.max_dispatches_per_second * 0.010)) + ROUNDING_TOKENS


@dataclass(eq=False)
class ModelAttempt:
    """An attempt some dispatcher has, or had."""

    key: AttemptKey
    queue: ModelQueue
    task: ModelTask
    before: Bookkeeping | None
    """What a release restores; None if the dispatcher cannot know."""


@dataclass(eq=False)
class Forced:
    """A forced attempt that waits for a claim."""

    key: AttemptKey
    queue: ModelQueue
    task: ModelTask
    asked_us: int

    @property
    def is_settled(self) -> bool:
        """It was given back, and settled all the same."""
        return self.task.books.newest == self.key.fence and not self.task.books.forced


@dataclass
class Service:
    """When a partition was last served, and until when expired leases are not handed out."""

    served_us: int | None = None
    hold_us: int = 0

    def at(self, now_us: int) -> int:
        """It is served. After a long gap dispatchers first get time to renew and settle. Returns the hold's end."""
        if self.hold_us > now_us + LEASE_US:
            self.hold_us = 0
        if self.served_us is not None and now_us - self.served_us > HOLD_US:
            self.hold_us = now_us + HOLD_US
        self.served_us = now_us
        return self.hold_us
