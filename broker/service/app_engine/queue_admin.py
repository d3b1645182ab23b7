"""What the console of App Engine did with queues (App Engine specification, 2.9). All of it needs an admin ticket."""

from dataclasses import dataclass, replace

from broker.model.limits import Limits
from broker.model.queue import NO_ACL, Acl, Queue, QueueKind, RateLimits
from broker.service import queues
from broker.service.app_engine.caller import Caller
from broker.service.app_engine.drafts import RetryDraft
from broker.service.app_engine.errors import Result, TaskQueueError
from broker.service.app_engine.retry_rules import retry_config
from broker.service.queue_file.entry import DEFAULT_RETRY, QueueEntry, created, entry_of
from broker.service.queue_files import configure
from broker.store.outcomes import QueueMissing

_MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class QueueUpdate:
    """What a queue is to be. What is None goes to its default. The rate is in dispatches per second."""

    queue_id: str
    kind: QueueKind
    rate: float
    bucket_size: int
    max_concurrent_requests: int | None
    retry: RetryDraft | None
    acl: Acl = NO_ACL


async def fetch_queues(caller: Caller, app_id: str, max_rows: int) -> list[Queue]:
    """The first queues of a project, by name. Raises HeadraceError."""
    caller.require_admin()
    rows = min(max_rows, _MOST_ROWS)
    if rows <= 0:
        return []
    page, _ = await caller.broker.store.queues.page(caller.location(app_id), page_size=rows, after="")
    return page


async def update_queue(caller: Caller, app_id: str, update: QueueUpdate) -> None:
    """Make a queue what `update` says; create one that is missing. It keeps the mode it was created with.

    Raises HeadraceError.
    """
    caller.require_admin()
    name, limits = caller.queue_name(update.queue_id, app_id), caller.broker.limits
    entry = _entry(update, limits)
    try:
        before = await caller.broker.store.queues.get(name)
    except QueueMissing:
        if await caller.broker.store.queues.is_tombstoned(name):
            raise TaskQueueError(Result.TOMBSTONED_QUEUE, f"The queue {update.queue_id} was deleted lately.") from None
        before = created(name.parent, entry, limits)
    if before.kind is not update.kind:
        raise TaskQueueError(Result.INVALID_QUEUE_MODE, "A queue keeps the mode that it was created with.")
    await configure(caller.broker, before, replace(entry, target=entry_of(before).target))


async def pause_queue(caller: Caller, app_id: str, queue_id: str, *, pause: bool) -> None:
    """Pause or resume a queue. Raises HeadraceError."""
    caller.require_admin()
    name = str((await caller.queue(queue_id, app_id)).name)
    await (queues.pause_queue if pause else queues.resume_queue)(caller.broker, name)


async def delete_queue(caller: Caller, app_id: str, queue_id: str) -> None:
    """Delete a queue and its tasks; its name cannot be used again for a while. Raises HeadraceError."""
    caller.require_admin()
    await queues.delete_queue(caller.broker, str((await caller.queue(queue_id, app_id)).name))


def _entry(update: QueueUpdate, limits: Limits) -> QueueEntry:
    """The same as an entry of a queue file."""
    retry = DEFAULT_RETRY if update.retry is None else retry_config(update.retry, update.kind)
    if update.kind is QueueKind.PULL:
        return QueueEntry(update.queue_id, update.kind, retry=retry, acl=update.acl)
    if not 0 < update.rate <= limits.max_dispatches_per_second:
        raise TaskQueueError(
            Result.INVALID_QUEUE_RATE,
            f"The rate must be above 0 and at most {limits.max_dispatches_per_second:g} a second.",
        )
    if not 0 < update.bucket_size <= limits.max_burst_size:
        raise TaskQueueError(
            Result.INVALID_QUEUE_RATE, f"The bucket's capacity must be between 1 and {limits.max_burst_size}."
        )
    concurrency = update.max_concurrent_requests or RateLimits().max_concurrent_dispatches
    return QueueEntry(
        update.queue_id,
        update.kind,
        update.rate,
        bucket_size=update.bucket_size,
        max_concurrent_requests=concurrency,
        retry=retry,
        acl=update.acl,
    )
