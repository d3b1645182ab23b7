"""What a caller asked for, before it is checked: the neutral form that every protocol adapter produces.

None means "not given". Names are the texts the caller sent.
"""

from dataclasses import dataclass

from broker.model.retry import RetryConfig
from broker.model.task import HttpMethod, OidcToken


@dataclass(frozen=True, slots=True)
class QueueDraft:
    """The settable fields of a queue, flat. `unserved` names fields that were set but are not served yet."""

    name: str = ""
    max_dispatches_per_second: float | None = None
    max_burst_size: int | None = None
    max_concurrent_dispatches: int | None = None
    max_attempts: int | None = None
    max_retry_duration_us: int | None = None
    min_backoff_us: int | None = None
    max_backoff_us: int | None = None
    max_doublings: int | None = None
    sampling_ratio: float | None = None
    unserved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpRequestDraft:
    """The HTTP request of a task as sent: the URL may be missing, the method unknown to bodies."""

    url: str = ""
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    oidc_token: OidcToken | None = None


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """The settable fields of a task. `unserved` names fields that were set but are not served yet."""

    name: str = ""
    http_request: HttpRequestDraft | None = None
    schedule_us: int | None = None
    dispatch_deadline_us: int | None = None
    retry_config: RetryConfig | None = None
    unserved: tuple[str, ...] = ()
