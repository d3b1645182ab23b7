"""Attempts in the store: claim, settle, renew, release. What a dispatcher does all day, in batches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from broker.store import scripts
from broker.store.backend import Backend, arguments_of
from broker.store.record import Header, attempt_part

_CLAIM = scripts.load(
    "attempt_claim", arguments="now_us owner claim max_tasks lease_us inline_bytes slot_bytes ramp_up", row="skip"
)
_SETTLE = scripts.load("attempt_settle", arguments="now_us", row="queue_id task_id fence result")
_RENEW = scripts.load("attempt_renew", arguments="now_us lease_us", row="queue_id task_id fence")
_RELEASE = scripts.load("attempt_release", arguments="now_us", row="queue_id task_id fence attempt")

_INLINE_BYTES = 16_384
_SLOT_BYTES = 1 << 18
_DONE = "done"


class Outcome(StrEnum):
    """How an attempt ended, as far as the store must know."""

    DONE = "done"
    ANSWERED = "answered"
    """The target answered, but not with success."""
    UNANSWERED = "unanswered"


class Settled(StrEnum):
    """What settling did to the task."""

    DONE = "done"
    RETRY = "retry"
    EXHAUSTED = "exhausted"
    GONE = "gone"
    """The task was deleted or purged meanwhile."""
    COUNTED = "counted"
    """It failed beside a newer attempt, which decides about the task."""
    STALE = "stale"
    """The attempt was no longer the task's: nothing was changed."""


_SETTLED = {settled.value.encode(): settled for settled in Settled}


class AttemptKey(NamedTuple):
    """Which attempt: its queue, its task, and the fence that tells it from every other attempt of that name."""

    queue_id: str
    task_id: str
    fence: int


class ClaimedTask(NamedTuple):
    """A task leased to this dispatcher. `record` is None where it is too large to come with the claim."""

    key: AttemptKey
    config_version: int
    record: bytes | None
    slots: int = 1
    """As how many it counts: one more for each 256 KiB of a large record."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim."""

    now_us: int
    delay_us: int | None
    """When the partition wants its next claim; None: not before a wake-up."""
    dropped: int
    """Records that were missing, damaged or past their life."""
    tasks: list[ClaimedTask]


class Result(NamedTuple):
    """What became of an attempt."""

    key: AttemptKey
    outcome: Outcome
    http_status: int
    retry_after_us: int = 0
    overloaded: bool = False
    """The target said that it has too much to do: the queue is to slow down."""


class AttemptStore:
    """Batches of attempts, a partition at a time. Nothing here is limited by who owns a partition."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def claim(
        self,
        partition: int,
        *,
        owner: str,
        number: int,
        max_tasks: int,
        lease_us: int,
        skip: Collection[str],
        ramp_up: bool = False,
    ) -> Claim:
        """Lease due tasks till their slots come to `max_tasks` (1,000). The same `number` again answers with the same.

        With `ramp_up` queues that are new or were idle begin slowly.
        """
        now, delay, dropped, queues = await self._backend.run(
            _CLAIM,
            partition,
            self._now,
            owner,
            number,
            max_tasks,
            lease_us,
            _INLINE_BYTES,
            _SLOT_BYTES,
            int(ramp_up),
            *skip,
        )
        tasks = []
        for queue, version, flat in zip(queues[::3], queues[1::3], queues[2::3], strict=True):
            queue_id, config_version = queue.decode(), int(version)
            tasks += [
                _claimed(AttemptKey(queue_id, task_id.decode(), int(fence)), config_version, raw)
                for task_id, fence, raw in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
            ]
        delay_us = int(delay)
        return Claim(int(now), delay_us if delay_us >= 0 else None, dropped, tasks)

    async def read(self, partition: int, key: AttemptKey) -> bytes | None:
        """A record that was too large to come with its claim. None if it is gone meanwhile."""
        name = self._backend.keys.task(partition, key.queue_id, key.task_id)
        answer: bytes | None = await self._backend.command(name, "GET", name)
        return answer

    async def settle(self, partition: int, results: Sequence[Result]) -> list[Settled]:
        """Settle at most 500 ended attempts; what each did, in order. Safe to repeat."""
        rows = [
            (*result.key, _DONE if result.outcome is Outcome.DONE and not result.overloaded else _described(result))
            for result in results
        ]
        answers = await self._backend.run(_SETTLE, partition, self._now, *arguments_of(rows))
        return [_SETTLED[answer] for answer in answers]

    async def renew(self, partition: int, attempts: Sequence[AttemptKey], *, lease_us: int) -> list[bool]:
        """Renew the leases of at most 1,000 running attempts; for each, whether it still holds. Safe to repeat."""
        answers = await self._backend.run(_RENEW, partition, self._now, lease_us, *arguments_of(attempts))
        return [bool(answer) for answer in answers]

    async def release(self, partition: int, tasks: Sequence[ClaimedTask]) -> None:
        """Give back tasks whose request was never sent, as if they had not been claimed. Safe to repeat."""
        rows = [(*task.key, _before_claim(task)) for task in tasks]
        await self._backend.run(_RELEASE, partition, self._now, *arguments_of(rows))

    @property
    def _now(self) -> int:
        return self._backend.now_argument()


def _claimed(key: AttemptKey, config_version: int, raw: bytes | int) -> ClaimedTask:
    """`raw` is the record, or its size."""
    if isinstance(raw, bytes):
        return ClaimedTask(key, config_version, raw)
    return ClaimedTask(key, config_version, None, 1 + raw // _SLOT_BYTES)


def _described(result: Result) -> str:
    return f"{result.outcome.value} {result.http_status} {result.retry_after_us} {result.overloaded:d}"


def _before_claim(task: ClaimedTask) -> bytes:
    """What the claim overwrote; empty where the record came without it or shows the state after the claim."""
    if task.record is None or Header.unpack(task.record).fence == task.key.fence:
        return b""
    return attempt_part(task.record)
