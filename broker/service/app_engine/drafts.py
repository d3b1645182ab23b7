"""What a caller of the App Engine API asked for, before it is checked. None means "not given"."""

from dataclasses import dataclass

from broker.model.queue import QueueKind
from broker.model.task import HttpMethod


@dataclass(frozen=True, slots=True)
class RetryDraft:
    """Retry parameters of a task or a queue."""

    retry_limit: int | None = None
    age_limit_s: int | None = None
    min_backoff_s: float | None = None
    max_backoff_s: float | None = None
    max_doublings: int | None = None


@dataclass(frozen=True, slots=True)
class AddDraft:
    """A task to add."""

    queue_id: str
    task_id: str
    """Empty asks for a name to be chosen."""
    eta_us: int
    kind: QueueKind
    request_bytes: int
    """Size of the serialized request."""
    app_id: str = ""
    url: str = ""
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    tag: bytes = b""
    retry: RetryDraft | None = None
    dispatch_deadline_us: int | None = None
    is_cron: bool = False
    is_transactional: bool = False
