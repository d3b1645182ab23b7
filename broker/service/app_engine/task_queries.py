"""What the console of App Engine did with tasks (App Engine specification, 2.9). All of it needs an admin ticket."""

from collections.abc import Callable, Sequence

from broker.errors import Cause, HeadraceError
from broker.model.queue import QueueKind
from broker.model.task import PullMessage, Task, View
from broker.service import tasks
from broker.service.app_engine.caller import Caller
from broker.service.app_engine.errors import Result, result_of

_MOST_ROWS = 1000
_LARGEST_ANSWER_BYTES = 32 * 1024 * 1024

Place = tuple[bytes | int | str, ...]


async def fetch_task(caller: Caller, app_id: str, queue_id: str, task_id: str) -> Task:
    """One task. Raises HeadraceError."""
    caller.require_admin()
    queue = await caller.queue(queue_id, app_id)
    return await tasks.get_task(caller.broker, str(queue.name.task(task_id)), View.FULL)


async def query_tasks(
    caller: Caller, app_id: str, queue_id: str, *, max_rows: int, task_id: str, eta_us: int | None, tag: bytes | None
) -> list[Task]:
    """The first tasks from a place on: in order of tag, ETA and name, or of ETA and name, or of name.

    Costs a look at every task of the queue. Raises HeadraceError.
    """
    caller.require_admin()
    queue = await caller.queue(queue_id, app_id)
    place_of, start = _order(task_id, eta_us, tag)
    places: dict[str, Place] = {}
    token = ""
    while True:
        page, token = await caller.broker.store.tasks.page(queue.name, View.BASIC, page_size=_MOST_ROWS, token=token)
        places |= {str(task.name): place for task in page if (place := place_of(task)) >= start}
        if not token:
            break
    first = sorted(places, key=places.__getitem__)[: max(0, min(max_rows, _MOST_ROWS))]
    return await _read(caller, first)


async def force_run(caller: Caller, app_id: str, queue_id: str, task_id: str) -> Result:
    """Dispatch a push task now, whatever its queue's state and rate say; what became of that."""
    caller.require_admin()
    try:
        queue = await caller.queue(queue_id, app_id)
        if queue.kind is QueueKind.PULL:
            return Result.INVALID_QUEUE_MODE
        await tasks.run_task(caller.broker, str(queue.name.task(task_id)), View.BASIC)
    except HeadraceError as error:
        return result_of(error)
    return Result.OK


def _order(task_id: str, eta_us: int | None, tag: bytes | None) -> tuple[Callable[[Task], Place], Place]:
    """What tasks are ordered by, and the place that the first one may have."""
    if tag is not None:
        return lambda task: (_tag(task), task.schedule_us, task.name.task_id), (tag, eta_us or 0, task_id)
    if eta_us is not None:
        return lambda task: (task.schedule_us, task.name.task_id), (eta_us, task_id)
    return lambda task: (task.name.task_id,), (task_id,)


def _tag(task: Task) -> bytes:
    return task.request.tag if isinstance(task.request, PullMessage) else b""


async def _read(caller: Caller, names: Sequence[str]) -> list[Task]:
    """Tasks with their bodies, as many as fit into an answer; without those that are gone by now."""
    found: list[Task] = []
    room = _LARGEST_ANSWER_BYTES
    for name in names:
        try:
            task = await tasks.get_task(caller.broker, name, View.FULL)
        except HeadraceError as error:
            if error.cause in (Cause.TASK_MISSING, Cause.TASK_TOMBSTONED):
                continue
            raise
        room -= len(task.request.body)
        if found and room < 0:
            break
        found.append(task)
    return found
