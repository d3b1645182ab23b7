"""Tasks in the store: create, read, list, delete, run now."""

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from broker.model.names import QueueName, TaskName
from broker.model.task import NewTask, Task, View
from broker.store import scripts
from broker.store.backend import Backend, StoreUnavailable
from broker.store.creation import Created, CreationBatcher
from broker.store.outcomes import PageTokenInvalid, QueueMissing, ScheduleTooFar, TaskExists, TaskMissing
from broker.store.queues import QueueStore, new_request_id
from broker.store.record import DamagedRecord, Record, pack_meta, pack_own_retry

_GET = scripts.load("task_get", arguments="now_us queue_id task_id full")
_DELETE = scripts.load("task_delete", arguments="now_us queue_id task_id request")
_RUN = scripts.load("task_run", arguments="now_us queue_id task_id request full")
_LIST = scripts.load("task_list", arguments="now_us queue_id place page_size full")

_LONGEST_TOKEN = 2048
_PLACE = re.compile(rb"\d+/\d+/\w*/\d{1,19}/\d{0,19}/[\w-]*")

Answer = TypeVar("Answer")


class TaskStore:
    """Tasks by name. Each operation is one script in the queue's partition, and atomic."""

    def __init__(self, backend: Backend, queues: QueueStore) -> None:
        self._backend = backend
        self._queues = queues
        self._creation = CreationBatcher(backend)

    async def create(self, task: NewTask, *, horizon_us: int) -> Task:
        """Add a task; a time in the past or none becomes now.

        Raises QueueMissing, TaskExists, ScheduleTooFar, StoreUnavailable, StoreFull. When Redis did not answer, the
        task is looked up rather than sent again: it may have been added, and have run, already.
        """
        partition = self._backend.keys.partition_of(task.name.queue)
        request = new_request_id()
        payload = (
            int(task.named_by_user),
            request,
            task.schedule_us if task.schedule_us is not None else "",
            pack_own_retry(task.retry_config),
            "",
            pack_meta(task),
            task.request.body,
        )

        async def attempt(queue_id: str) -> Created:
            row = (queue_id, task.name.task_id, *payload)
            try:
                return await self._creation.create(partition, row, horizon_us=horizon_us)
            except StoreUnavailable:
                return await self._look_up(task, queue_id, request)

        created = await self._with_queue_id(task.name.queue, attempt, lambda answer: answer.code == "no_queue")
        if created.code == "too_far":
            raise ScheduleTooFar
        if created.code in ("exists", "tombstoned"):
            raise TaskExists(tombstoned=created.code == "tombstoned")
        return Task(
            name=task.name,
            request=task.request,
            schedule_us=created.schedule_us,
            create_us=created.create_us,
            dispatch_deadline_us=task.dispatch_deadline_us,
            retry_config=task.retry_config,
            view=View.FULL,
        )

    async def get(self, name: TaskName, view: View) -> Task:
        """The task. Raises QueueMissing, TaskMissing."""
        answer = await self._on_task(_GET, name, name.task_id, _full(view))
        return self._task(name, answer, view)

    async def delete(self, name: TaskName) -> None:
        """Delete a task; its name stays taken for a while if a user gave it. Raises QueueMissing, TaskMissing."""
        answer = await self._on_task(_DELETE, name, name.task_id, new_request_id())
        if answer != b"deleted":
            raise TaskMissing(tombstoned=answer == b"tombstoned")

    async def run(self, name: TaskName, view: View) -> Task:
        """Force an attempt now and answer the task as that attempt begins. Raises QueueMissing, TaskMissing."""
        answer = await self._on_task(_RUN, name, name.task_id, new_request_id(), _full(view))
        return self._task(name, answer, view)

    async def page(self, queue: QueueName, view: View, *, page_size: int, token: str) -> tuple[list[Task], str]:
        """A page of live tasks in no order, and the token of the next page, empty at the end.

        A task that is there throughout a walk appears; one may appear twice. A page may be short. Raises QueueMissing,
        PageTokenInvalid.
        """
        place = _place(token)

        async def attempt(queue_id: str) -> Any:
            return await self._run(_LIST, queue, queue_id, place, page_size, _full(view))

        _, end, *flat = await self._with_queue_id(queue, attempt, _refused)
        tasks = []
        for task_id, raw in zip(flat[::2], flat[1::2], strict=True):
            try:
                tasks.append(Record.unpack(raw).task(queue.task(task_id.decode()), view))
            except DamagedRecord:
                continue
        return tasks, base64.urlsafe_b64encode(end).decode()

    def _task(self, name: TaskName, answer: list[bytes], view: View) -> Task:
        state, *rest = answer
        if state != b"live":
            raise TaskMissing(tombstoned=state == b"tombstoned")
        try:
            task = Record.unpack(rest[0]).task(name, view)
        except DamagedRecord as error:
            raise TaskMissing(tombstoned=False) from error
        return task if view is View.FULL else replace(task, request=replace(task.request, body=b""))

    async def _look_up(self, task: NewTask, queue_id: str, request: bytes) -> Created:
        """Whether a create of unknown outcome took place. Raises StoreUnavailable if that cannot be told."""
        answer = await self._run(_GET, task.name.queue, queue_id, task.name.task_id, 0)
        if answer[0] == b"live":
            header = Record.unpack(answer[1]).header
            ours = header.request_id == request
            return Created("created" if ours else "exists", header.create_us, header.schedule_us)
        raise StoreUnavailable(TimeoutError("it is not known whether the task was created"))

    async def _on_task(self, script: scripts.Script, name: TaskName, *arguments: Any) -> Any:
        async def attempt(queue_id: str) -> Any:
            return await self._run(script, name.queue, queue_id, *arguments)

        return await self._with_queue_id(name.queue, attempt, _refused)

    async def _with_queue_id(
        self,
        queue: QueueName,
        attempt: Callable[[str], Awaitable[Answer]],
        refused: Callable[[Answer], bool],
    ) -> Answer:
        """Try with the remembered id; if the queue was deleted or re-created since, once more with the present one."""
        for _ in range(2):
            answer = await attempt(await self._queues.id_of(queue))
            if not refused(answer):
                return answer
            self._queues.forget_id(queue)
        raise QueueMissing

    async def _run(self, script: scripts.Script, queue: QueueName, *arguments: Any) -> Any:
        partition = self._backend.keys.partition_of(queue)
        return await self._backend.run(script, partition, self._backend.now_argument(), *arguments)


def _refused(answer: Any) -> bool:
    return answer in (b"no_queue", [b"no_queue"])


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
