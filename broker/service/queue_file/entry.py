"""What a queue file can say about a queue, and how that and a queue's configuration become each other."""

from dataclasses import dataclass, replace

from broker.model.limits import Limits
from broker.model.names import LocationName, QueueName
from broker.model.queue import NO_ACL, PULL_RATE_LIMITS, Acl, Queue, QueueKind, QueueState, RateLimits
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.model.task import AppEngineRouting
from broker.service.queue_file.problems import mode_changed

DEFAULT_RETRY = RetryConfig(max_attempts=UNLIMITED_ATTEMPTS)
"""Unlike a queue made by the API, one from a file retries without end unless it says otherwise."""

# What `gcloud app deploy` gives the queues it creates: tasks of ten years, names that rest nine days.
_TASK_TTL_US = 315_360_000 * 1_000_000
_TOMBSTONE_TTL_US = 777_600 * 1_000_000


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One queue of a file, checked and with defaults filled in. `rate` is in dispatches per second."""

    queue_id: str
    kind: QueueKind = QueueKind.PUSH
    rate: float | None = None
    """None keeps the rate that the queue has: `rate: 0` only pauses it. None for pull queues, too."""
    paused: bool = False
    bucket_size: int = 5
    max_concurrent_requests: int = 1000
    target: AppEngineRouting | None = None
    retry: RetryConfig = DEFAULT_RETRY
    acl: Acl = NO_ACL


@dataclass(frozen=True, slots=True)
class QueueFile:
    """A whole file. Queue ids are unique."""

    entries: tuple[QueueEntry, ...] = ()
    resume_paused_queues: bool = True


def entry_of(queue: Queue) -> QueueEntry:
    """The entry that says as much of a queue as a file can say."""
    paused = queue.state is not QueueState.RUNNING
    if queue.kind is QueueKind.PULL:
        return QueueEntry(queue.name.queue_id, QueueKind.PULL, paused=paused, retry=queue.retry_config, acl=queue.acl)
    rates, routing = queue.rate_limits, queue.app_engine_routing
    has_target = routing and (routing.service or routing.version)
    return QueueEntry(
        queue_id=queue.name.queue_id,
        rate=round(rates.max_dispatches_per_second, 9),
        paused=paused,
        bucket_size=rates.max_burst_size,
        max_concurrent_requests=rates.max_concurrent_dispatches,
        target=AppEngineRouting(routing.service or "default", routing.version) if routing and has_target else None,
        retry=queue.retry_config,
        acl=queue.acl,
    )


def configured(queue: Queue, entry: QueueEntry) -> Queue:
    """The queue with the entry's configuration; its state, and what no file can say, stay as they are.

    Raises INVALID_ARGUMENT for another mode: a queue keeps that for good.
    """
    if entry.kind is not queue.kind:
        raise mode_changed(entry.queue_id)
    if queue.kind is QueueKind.PULL:
        return replace(queue, retry_config=entry.retry, acl=entry.acl)
    before, rate = entry_of(queue), queue.rate_limits.max_dispatches_per_second
    if entry.rate is not None and entry.rate != before.rate:
        rate = entry.rate
    return replace(
        queue,
        rate_limits=RateLimits(rate, entry.bucket_size, entry.max_concurrent_requests),
        retry_config=entry.retry,
        app_engine_routing=queue.app_engine_routing if entry.target == before.target else entry.target,
        acl=entry.acl,
    )


def created(location: LocationName, entry: QueueEntry, limits: Limits) -> Queue:
    """The queue that an entry makes where there is none."""
    default_rate = min(RateLimits().max_dispatches_per_second, limits.max_dispatches_per_second)
    blank = Queue(
        name=QueueName(location.project, location.location, entry.queue_id),
        rate_limits=PULL_RATE_LIMITS if entry.kind is QueueKind.PULL else RateLimits(default_rate),
        state=QueueState.PAUSED if entry.paused else QueueState.RUNNING,
        kind=entry.kind,
        task_ttl_us=_TASK_TTL_US,
        tombstone_ttl_us=_TOMBSTONE_TTL_US,
    )
    return configured(blank, entry)
