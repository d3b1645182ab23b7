"""Tasks in the store: create, read, list, delete, run now."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from broker.model.names import QueueName, TaskName
from broker.model.task import NewTask, Task, View
from broker.store import scripts
from broker.store.backend import Backend, StoreUnavailable
from broker.store.creation import Created, CreationBatcher
from broker.store.outcomes import (
    Deleted,
    PageTokenInvalid,
    ScheduleTooFar,
    TaskExists,
    TaskMissing,
    WrongQueueKind,
)
from broker.store.queues import QueueStore, new_request_id
from broker.store.record import DamagedRecord, Record, pack_draft, pack_meta, pack_own_retry, tag_of
from broker.store.task_calls import TaskCalls

_GET = scripts.load("task_get", arguments="now_us queue_id full", row="task_id")
_DELETE = scripts.load("task_delete", arguments="now_us queue_id request", row="task_id")
_RUN = scripts.load("task_run", arguments="now_us queue_id task_id request full")
_LIST = scripts.load("task_list", arguments="now_us queue_id place page_size full")
_PEEK = scripts.load("task_peek", arguments="now_us queue_id count")

_MOST_DELETES = 500
_LONGEST_TOKEN = 2048
_BASIC_BYTES = 1 << 15
"""What a task without its body counts as in an answer: nearly all are a hundredth of that, the largest three times."""
_PLACE = re.compile(rb"\d+/\d+/\w*/\d{1,19}/\d{0,19}/[\w-]*")


class TaskStore:
    """Tasks by name. Each operation is atomic, by one script in the queue's partition, which others may share."""

    def __init__(self, backend: Backend, queues: QueueStore) -> None:
        self._backend = backend
        self._queues = queues
        self._creation = CreationBatcher(backend)
        self._basic_gets = TaskCalls(backend, queues, _GET, shared=lambda: (0,), row_bytes=_BASIC_BYTES)
        self._deletes = TaskCalls(backend, queues, _DELETE, shared=lambda: (new_request_id(),))

    async def create(
        self, task: NewTask, *, horizon_us: int, identity: bytes | None = None, view: View = View.FULL
    ) -> Task:
        """Add a task; no time means now. The same `identity` again answers the task that is there.

        Raises QueueMissing, WrongQueueKind, TaskExists, ScheduleTooFar, StoreUnavailable, StoreFull. When Redis did
        not answer, the task is looked up rather than sent again: it may have been added, and have run, already.
        """
        partition = self._backend.keys.partition_of(task.name.queue)
        request = _request_id(identity)
        draft = pack_draft(
            request,
            task.schedule_us,
            task.named_by_user,
            pack_own_retry(task.retry_config),
            tag_of(task),
            pack_meta(task),
            task.request.body,
        )
        keeps_past = int(task.keeps_past_schedule and task.schedule_us is not None)

        async def attempt(queue_id: str) -> Created:
            row = (queue_id, task.name.task_id, keeps_past, draft)
            try:
                return await self._creation.create(partition, row, horizon_us=horizon_us)
            except StoreUnavailable:
                return await self._look_up(task, queue_id, request)

        created = await self._queues.with_id(task.name.queue, attempt, lambda answer: answer.code == "no_queue")
        self._queues.note_sampling_ratio(task.name.queue, created.sampling_ratio)
        if created.code == "too_far":
            raise ScheduleTooFar
        if created.code == "wrong_kind":
            raise WrongQueueKind
        if created.code in ("exists", "tombstoned"):
            raise TaskExists(tombstoned=created.code == "tombstoned")
        return Task(
            name=task.name,
            request=task.request if view is View.FULL else task.request.without_body(),
            schedule_us=created.schedule_us,
            create_us=created.create_us,
            dispatch_deadline_us=task.dispatch_deadline_us,
            retry_config=task.retry_config,
            view=view,
        )

    async def get(self, name: TaskName, view: View) -> Task:
        """The task. Raises QueueMissing, TaskMissing. With its body it is read alone, for that may be large."""
        if view is View.FULL:
            (answer,) = await self._on_task(_GET, name, 1, name.task_id)
        else:
            answer = await self._basic_gets.run(name.queue, name.task_id)
        return self._task(name, answer, view)

    async def delete(self, name: TaskName) -> None:
        """Delete a task; its name stays taken for a while if a user gave it. Raises QueueMissing, TaskMissing."""
        answer = await self._deletes.run(name.queue, name.task_id)
        if answer != b"deleted":
            raise TaskMissing(tombstoned=answer == b"tombstoned")

    async def delete_many(
        self, queue: QueueName, task_ids: Sequence[str], identity: bytes | None = None
    ) -> list[Deleted]:
        """Delete tasks one after the other, in batches of 500; what each came to, in order. Raises QueueMissing.

        A task that is given twice is gone the second time. The same tasks with the same `identity` again come to the
        same, but for those without a name of a user's choice.
        """
        deleted: list[Deleted] = []
        for start in range(0, len(task_ids), _MOST_DELETES):
            batch = task_ids[start : start + _MOST_DELETES]
            request = _request_id(identity and hashlib.sha256(b"%d/%b" % (start, identity)).digest())
            answers = await self._on_queue(_DELETE, queue, request, *batch)
            deleted += [Deleted(answer.decode()) for answer in answers]
        return deleted

    async def run(self, name: TaskName, view: View) -> Task:
        """Force an attempt now and answer the task as that attempt begins.

        Raises QueueMissing, TaskMissing, WrongQueueKind for a pull task.
        """
        answer = await self._on_task(_RUN, name, name.task_id, new_request_id(), _full(view))
        if answer == [b"pull"]:
            raise WrongQueueKind
        return self._task(name, answer, view)

    async def page(self, queue: QueueName, view: View, *, page_size: int, token: str) -> tuple[list[Task], str]:
        """A page of live tasks in no order, and the token of the next page, empty at the end.

        A task that is there throughout a walk appears; one may appear twice. A page may be short. Raises QueueMissing,
        PageTokenInvalid.
        """
        place = _place(token)

        async def attempt(queue_id: str) -> Any:
            return await self._run(_LIST, queue, queue_id, place, page_size, _full(view))

        _, end, *flat = await self._queues.with_id(queue, attempt, _refused)
        return _unpacked(queue, flat, view), base64.urlsafe_b64encode(end).decode()

    async def earliest(self, queue: QueueName, count: int) -> list[Task]:
        """The live tasks that come first, at most `count`, without bodies: by next eligible time, then by id.

        Cost O(count), in one script: at most 1,000. Raises QueueMissing.
        """

        async def attempt(queue_id: str) -> Any:
            return await self._run(_PEEK, queue, queue_id, count)

        _, *flat = await self._queues.with_id(queue, attempt, _refused)
        return _unpacked(queue, flat, View.BASIC)

    def _task(self, name: TaskName, answer: list[bytes], view: View) -> Task:
        state, *rest = answer
        if state != b"live":
            raise TaskMissing(tombstoned=state == b"tombstoned")
        try:
            task = Record.unpack(rest[0]).task(name, view)
        except DamagedRecord as error:
            raise TaskMissing(tombstoned=False) from error
        return task if view is View.FULL else task.basic()

    async def _look_up(self, task: NewTask, queue_id: str, request: bytes) -> Created:
        """Whether a create of unknown outcome took place. Raises StoreUnavailable if that cannot be told."""
        (answer,) = await self._run(_GET, task.name.queue, queue_id, 0, task.name.task_id)
        if answer[0] == b"live":
            header = Record.unpack(answer[1]).header
            ours = header.request_id == request
            return Created("created" if ours else "exists", header.create_us, header.schedule_us)
        raise StoreUnavailable(TimeoutError("it is not known whether the task was created"))

    async def _on_task(self, script: scripts.Script, name: TaskName, *arguments: Any) -> Any:
        return await self._on_queue(script, name.queue, *arguments)

    async def _on_queue(self, script: scripts.Script, queue: QueueName, *arguments: Any) -> Any:
        async def attempt(queue_id: str) -> Any:
            return await self._run(script, queue, queue_id, *arguments)

        return await self._queues.with_id(queue, attempt, _refused)

    async def _run(self, script: scripts.Script, queue: QueueName, *arguments: Any) -> Any:
        partition = self._backend.keys.partition_of(queue)
        return await self._backend.run(script, partition, self._backend.now_argument(), *arguments)


def _unpacked(queue: QueueName, flat: Sequence[bytes], view: View) -> list[Task]:
    """The tasks of ids and records in turn, without what is damaged."""
    tasks = []
    for task_id, raw in zip(flat[::2], flat[1::2], strict=True):
        try:
            tasks.append(Record.unpack(raw).task(queue.task(task_id.decode()), view))
        except DamagedRecord:
            continue
    return tasks


def _refused(answer: Any) -> bool:
    return bool(answer == [b"no_queue"])


def _request_id(identity: bytes | None) -> bytes:
    """Eight bytes that tell one mutation from all others."""
    return new_request_id() if identity is None else identity[-8:]


def _full(view: View) -> int:
    return int(view is View.FULL)


def _place(token: str) -> bytes:
    if not token:
        return b""
    try:
        place = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError as error:
        raise PageTokenInvalid from error
    if len(token) > _LONGEST_TOKEN or not _PLACE.fullmatch(place):
        raise PageTokenInvalid
    return place
