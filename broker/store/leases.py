"""Leases of pull tasks in the store: lease, renew, acknowledge. A task's schedule time is the proof of its lease."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from broker.model.leased_task import LeasedTask
from broker.model.names import QueueName, TaskName
from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.model.task import Task, View
from broker.store import scripts
from broker.store.backend import Backend
from broker.store.leased import LeaseReader
from broker.store.outcomes import (
    LeaseExpired,
    LeaseLate,
    LeasesCapped,
    QueueNotRunning,
    StoreOutcome,
    TaskMissing,
    WrongQueueKind,
)
from broker.store.queues import QueueStore, new_request_id
from broker.store.record import DamagedRecord, Record
from broker.store.task_calls import TaskCalls

_LEASE = scripts.load(
    "pull_lease",
    arguments="now_us queue_id request not_after_us cap require_running max_tasks lease_us filter tag full most_bytes",
)
_RENEW = scripts.load(
    "pull_renew", arguments="now_us queue_id request require_running task_id schedule_us lease_us late_ok full"
)
_ACKNOWLEDGE = scripts.load("pull_acknowledge", arguments="now_us queue_id", row="request task_id schedule_us")

_MARGIN_S = 0.05
"""How long before a caller's deadline a lease must have been made, so that the answer still reaches it."""
_TRIES = 2
_REQUEST_BITS = 53
"""A request is a number that Lua can tell from every other."""


class LeaseStore:
    """Leases of the tasks of pull queues. Each operation is atomic, by one script in the queue's partition."""

    def __init__(self, backend: Backend, queues: QueueStore) -> None:
        self._backend = backend
        self._queues = queues
        self._acknowledgements = TaskCalls(backend, queues, _ACKNOWLEDGE)

    async def lease(
        self,
        queue: QueueName,
        *,
        max_tasks: int,
        lease_us: int,
        tags: TagFilter,
        view: View,
        most_bytes: int,
        cap: int,
        require_running: bool,
        deadline_s: float,
    ) -> list[LeasedTask]:
        """Lease at most `max_tasks` (1,000) available tasks, by schedule time and name.

        Their bodies, with 64 bytes for each, come to at most `most_bytes`, but the first is leased in any case. The
        queue takes `cap` calls a second, 0 for any number. If the call cannot be made within `deadline_s` nothing is
        leased. Raises QueueMissing, WrongQueueKind, QueueNotRunning, LeasesCapped, LeaseLate, StoreUnavailable.
        """
        deadline = asyncio.get_running_loop().time() + deadline_s - _MARGIN_S
        request = secrets.randbits(_REQUEST_BITS)
        wanted = (cap, int(require_running), max_tasks, lease_us, *_filter(tags), int(view is View.FULL), most_bytes)

        async def attempt(queue_id: str) -> list[Any]:
            return [queue_id, *await self._lease(queue, deadline, queue_id, request, wanted)]

        try:
            async with asyncio.timeout_at(deadline):
                queue_id, word, now_us, *flat = await self._queues.with_id(queue, attempt, _refused)
        except TimeoutError:
            raise LeaseLate from None
        if word not in (b"leased", b"again"):
            raise _OUTCOMES[word]()
        large = await self._large(queue, queue_id, flat)
        reader = LeaseReader(queue, view, request, now_us, lease_us)
        return list(_tasks(reader, flat, large, is_first=word == b"leased"))

    async def renew(
        self,
        name: TaskName,
        schedule_us: int | None,
        *,
        lease_us: int,
        view: View,
        late_ok: bool,
        require_running: bool = False,
    ) -> Task:
        """Make the task's schedule time now and `lease_us`, if it is `schedule_us`; None for any.

        A lease that is over is renewed if `late_ok` and nobody has taken the task since. Raises QueueMissing,
        WrongQueueKind, QueueNotRunning, TaskMissing, LeaseExpired.
        """
        request = secrets.randbits(_REQUEST_BITS)
        proof = "" if schedule_us is None else schedule_us
        wanted = (request, int(require_running), name.task_id, proof, lease_us, int(late_ok), int(view is View.FULL))
        word, *rest = await self._on_queue(_RENEW, name.queue, *wanted)
        if word != b"renewed":
            raise _OUTCOMES[word]()
        try:
            return Record.unpack(rest[0]).task(name, view)
        except DamagedRecord as error:
            raise TaskMissing(tombstoned=False) from error

    async def acknowledge(self, name: TaskName, schedule_us: int) -> None:
        """Delete a task whose schedule time is this. Raises QueueMissing, WrongQueueKind, TaskMissing, LeaseExpired."""
        word = await self._acknowledgements.run(name.queue, new_request_id(), name.task_id, schedule_us)
        if word != b"acknowledged":
            raise _OUTCOMES[word]()

    async def _lease(
        self, queue: QueueName, deadline: float, queue_id: str, request: int, wanted: Sequence[Any]
    ) -> list[Any]:
        """Run the script; once more if it came too late only by a wrong idea of the server's time."""
        backend, partition = self._backend, self._backend.keys.partition_of(queue)
        answer: list[Any] = []
        for _ in range(_TRIES):
            not_after_us = await backend.server_time_us(partition, deadline)
            left_s = deadline - asyncio.get_running_loop().time()
            arguments = (backend.now_argument(), queue_id, request, not_after_us, *wanted)
            answer = await backend.run(_LEASE, partition, *arguments, repeat_for_s=left_s)
            backend.heard_time(partition, int(answer[1]))
            if answer[0] != b"late":
                break
        return answer

    async def _large(self, queue: QueueName, queue_id: str, flat: Sequence[Any]) -> dict[bytes, bytes]:
        """The records that were too large for the answer, of ids and records in turn, by id; empty if it is gone."""
        ids = [task_id for task_id, raw in zip(flat[::2], flat[1::2], strict=True) if not raw]
        partition = self._backend.keys.partition_of(queue)
        keys = [self._backend.keys.task(partition, queue_id, task_id.decode()) for task_id in ids]
        raws = await asyncio.gather(*(self._backend.command(key, "GET", key) for key in keys))
        return {task_id: raw or b"" for task_id, raw in zip(ids, raws, strict=True)}

    async def _on_queue(self, script: scripts.Script, queue: QueueName, *arguments: Any) -> list[Any]:
        partition, now_us = self._backend.keys.partition_of(queue), self._backend.now_argument()

        async def attempt(queue_id: str) -> list[Any]:
            answer: list[Any] = await self._backend.run(script, partition, now_us, queue_id, *arguments)
            return answer

        return await self._queues.with_id(queue, attempt, lambda answer: answer[0] == b"no_queue")


_OUTCOMES: Mapping[bytes, Callable[[], StoreOutcome]] = {
    b"late": LeaseLate,
    b"not_pull": WrongQueueKind,
    b"paused": QueueNotRunning,
    b"capped": LeasesCapped,
    b"expired": LeaseExpired,
    b"none": lambda: TaskMissing(tombstoned=False),
    b"tombstoned": lambda: TaskMissing(tombstoned=True),
}
"""What the scripts answer instead of doing what they were asked for."""


def _tasks(
    reader: LeaseReader, flat: Sequence[Any], large: Mapping[bytes, bytes], *, is_first: bool
) -> Iterator[LeasedTask]:
    """The tasks of ids and records in turn. What was deleted or taken before it could be read is left out.

    What came with the first answer shows the state before the lease, all else the present state.
    """
    for raw_id, raw in zip(flat[::2], flat[1::2], strict=True):
        task_id = raw_id.decode()
        try:
            if raw and is_first:
                yield reader.begun(task_id, raw)
            elif task := reader.present(task_id, raw or large[raw_id]):
                yield task
        except DamagedRecord:
            continue


def _filter(tags: TagFilter) -> tuple[str, bytes]:
    match tags:
        case AnyTag():
            return "any", b""
        case OldestTag():
            return "oldest", b""
        case Tag(tag):
            return "tag", tag


def _refused(answer: list[Any]) -> bool:
    return bool(answer[1] == b"no_queue")
