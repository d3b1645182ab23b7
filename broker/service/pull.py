"""The use cases of pull queues, one set for every protocol (App Engine specification, 3; Cloud Tasks, 5.12).

Names are full resource names. A refused call raises HeadraceError, with a `cause` for protocols that tell more apart.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from broker.errors import Code, HeadraceError
from broker.model.leased_task import LeasedTask
from broker.model.names import QueueName
from broker.model.queue import QueueKind, QueueState, QueueStats
from broker.model.tag_filter import AnyTag, TagFilter
from broker.model.task import NewTask, Task, View
from broker.service import pull_texts, texts
from broker.service.broker import Broker
from broker.service.creation_log import log_creation, log_refusal
from broker.service.name_rules import queue_name, task_name
from broker.store.outcomes import (
    Added,
    Deleted,
    LeaseExpired,
    LeaseLate,
    LeasesCapped,
    QueueMissing,
    QueueNotRunning,
    ScheduleTooFar,
    TaskExists,
    TaskMissing,
    WrongQueueKind,
)

_USUAL_DEADLINE_S = 60.0
_SECOND_US = 1_000_000


async def lease_tasks(
    broker: Broker,
    parent: str,
    *,
    max_tasks: int,
    lease_us: int,
    tags: TagFilter = AnyTag(),  # noqa: B008  # it is immutable
    view: View = View.FULL,
    most_bytes: int | None = None,
    deadline_s: float | None = None,
    require_running: bool = False,
    refuse_when_capped: bool = False,
) -> list[LeasedTask]:
    """Lease available tasks by schedule time and name; each then has the lease's end as its schedule time.

    Their bodies, with 64 bytes for each, come to at most `most_bytes` (by default the limit), but one task is leased
    in any case. A call that cannot be made within `deadline_s`, less 50 ms, leases nothing. Calls above the queue's
    cap find nothing, or are refused if the caller, and the setting lease_cap_answer, say so.
    """
    limits = broker.limits
    if not 1 <= max_tasks <= limits.lease_max_tasks:
        raise pull_texts.max_tasks_range(limits.lease_max_tasks)
    _check_lease(broker, lease_us)
    queue = queue_name(parent)
    metrics, cap = broker.metrics.for_queue(parent), broker.lease_caps.cap(queue, limits.leases_per_second)
    try:
        with _errors():
            tasks = await broker.store.leases.lease(
                queue,
                max_tasks=max_tasks,
                lease_us=lease_us,
                tags=tags,
                view=view,
                most_bytes=limits.lease_response_bytes if most_bytes is None else most_bytes,
                cap=cap,
                require_running=require_running,
                deadline_s=_USUAL_DEADLINE_S if deadline_s is None else deadline_s,
            )
    except LeasesCapped:
        metrics.leased("capped", 0)
        if refuse_when_capped and not broker.lease_caps.answers_empty:
            raise pull_texts.leases_capped(cap) from None
        return []
    metrics.leased("granted" if tasks else "empty", len(tasks))
    return tasks


async def renew_lease(
    broker: Broker,
    name: str,
    schedule_us: int | None,
    lease_us: int,
    *,
    view: View = View.BASIC,
    late_ok: bool = False,
    require_running: bool = False,
) -> Task:
    """Let a lease last so long from now on; its schedule time proves it, None is not compared.

    A lease that is over is renewed if `late_ok` and nobody has taken the task since.
    """
    task = task_name(name)
    try:
        _check_lease(broker, lease_us)
    except HeadraceError:
        await _check_queue(broker, task.queue, require_running=require_running)
        raise
    with _errors():
        renewed = await broker.store.leases.renew(
            task, schedule_us, lease_us=lease_us, view=view, late_ok=late_ok, require_running=require_running
        )
    broker.metrics.for_queue(str(task.queue)).lease_renewals.inc()
    return renewed


async def cancel_lease(broker: Broker, name: str, schedule_us: int, *, view: View = View.BASIC) -> Task:
    """Let a lease end now, so that the task can be leased again."""
    with _errors():
        return await broker.store.leases.renew(task_name(name), schedule_us, lease_us=0, view=view, late_ok=True)


async def acknowledge_task(broker: Broker, name: str, schedule_us: int) -> None:
    """Delete a task that its worker has finished, late or not, unless somebody else has leased it since."""
    task = task_name(name)
    with _errors():
        await broker.store.leases.acknowledge(task, schedule_us)
    broker.metrics.for_queue(str(task.queue)).tasks_acknowledged.inc()


async def delete_tasks(broker: Broker, parent: str, task_ids: Sequence[str]) -> list[Deleted]:
    """Delete tasks of any queue, leased or not; what each came to, in order."""
    with _errors():
        return await broker.store.tasks.delete_many(queue_name(parent), task_ids)


async def add_tasks(broker: Broker, parent: str, tasks: Sequence[NewTask]) -> list[Added]:
    """Add tasks that have been checked to a queue of any kind, in order; what each came to."""
    queue = queue_name(parent)
    horizon_us = broker.limits.schedule_horizon_s * _SECOND_US

    async def add(task: NewTask) -> Added:
        try:
            created = await broker.store.tasks.create(task, horizon_us=horizon_us)
        except TaskExists as exists:
            log_refusal(broker, task.name, task, Code.ALREADY_EXISTS.name)
            return Added.TOMBSTONED if exists.tombstoned else Added.EXISTS
        except ScheduleTooFar:
            log_refusal(broker, task.name, task, Code.INVALID_ARGUMENT.name)
            return Added.TOO_FAR
        except WrongQueueKind:
            raise pull_texts.wrong_task_kind(task) from None
        log_creation(broker, created)
        return Added.CREATED

    with _errors():
        await broker.store.queues.id_of(queue)  # so that the tasks go to the store in order
        added = await asyncio.gather(*map(add, tasks))
    broker.metrics.for_queue(parent).tasks_created.inc(added.count(Added.CREATED))
    return added


async def stats(broker: Broker, names: Sequence[str]) -> list[QueueStats | None]:
    """How full and how busy queues are; None for one that is not there."""
    return await asyncio.gather(*(broker.store.queues.stats(queue_name(name)) for name in names))


def _check_lease(broker: Broker, lease_us: int) -> None:
    longest_s = broker.limits.lease_max_s
    if not 0 <= lease_us <= longest_s * _SECOND_US:
        raise pull_texts.lease_range(longest_s)


async def _check_queue(broker: Broker, name: QueueName, *, require_running: bool) -> None:
    """What is wrong with the queue is said before what is wrong with the other arguments."""
    with _errors():
        queue = await broker.store.queues.get(name)
    if queue.kind is not QueueKind.PULL:
        raise pull_texts.push_queue()
    if require_running and queue.state is not QueueState.RUNNING:
        raise pull_texts.queue_paused()


@contextmanager
def _errors() -> Iterator[None]:
    """What the store found, in a caller's terms."""
    try:
        yield
    except QueueMissing:
        raise texts.queue_missing() from None
    except WrongQueueKind:
        raise pull_texts.push_queue() from None
    except QueueNotRunning:
        raise pull_texts.queue_paused() from None
    except TaskMissing as missing:
        raise (texts.task_existed_recently() if missing.tombstoned else pull_texts.task_missing()) from None
    except LeaseExpired:
        raise pull_texts.lease_expired() from None
    except LeaseLate:
        raise pull_texts.lease_late() from None
