"""What a queue is (Cloud Tasks specification, section 2.1 to 2.4)."""

from dataclasses import dataclass, field
from enum import StrEnum

from broker.model.bucket import default_burst
from broker.model.names import QueueName
from broker.model.retry import RetryConfig
from broker.model.routing import AppEngineRouting, HttpTarget


class QueueState(StrEnum):
    """Whether a queue dispatches. Tasks can be added in every state."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class QueueKind(StrEnum):
    """Who starts the work: the dispatcher (push) or a worker that leases (pull)."""

    PUSH = "PUSH"
    PULL = "PULL"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How fast, and how many at once, a queue dispatches."""

    max_dispatches_per_second: float = 500.0
    max_burst_size: int = default_burst(500.0)
    max_concurrent_dispatches: int = 1000


PULL_RATE_LIMITS = RateLimits(max_concurrent_dispatches=-1)
"""What a pull queue shows: its workers set the pace."""


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may use a queue by its queue file, as e-mail addresses. It is kept and shown; nothing enforces it."""

    users: tuple[str, ...] = ()
    """May list, get, lease, change and delete tasks."""
    writers: tuple[str, ...] = ()
    """May add tasks."""


NO_ACL = Acl()


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How full and how fast a queue is at one moment."""

    tasks: int
    """All that live, those being dispatched included."""
    next_us: int | None
    """When the first task can be dispatched, or dispatched again; in the past for one that waits. None if empty."""
    in_flight: int
    rate: float
    """Dispatches a second in force: less than configured while the target is overloaded."""
    executed_last_minute: int = 0
    """Attempts that ended, or tasks that leases handed out."""
    executed_last_hour: int = 0
    sampling_s: int = 0
    """For how many seconds, at most an hour, that has been counted; 0 for a queue that was idle for two hours."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's configuration and state, as a caller sees it."""

    name: QueueName
    rate_limits: RateLimits = field(default_factory=RateLimits)
    retry_config: RetryConfig = field(default_factory=RetryConfig)
    state: QueueState = QueueState.RUNNING
    kind: QueueKind = QueueKind.PUSH
    purge_time_us: int | None = None
    http_target: HttpTarget | None = None
    app_engine_routing: AppEngineRouting | None = None
    sampling_ratio: float = 0.0
    """Share of the operations that are logged, 0 to 1."""
    task_ttl_us: int = 31 * 86_400 * 1_000_000
    """A task older than this is deleted, whatever its state."""
    tombstone_ttl_us: int = 3_600 * 1_000_000
    """How long the name of a finished task cannot be used again."""
    acl: Acl = NO_ACL
