"""What a caller asked for, before it is checked: the neutral form that every protocol adapter produces.

None means "not given". Names are the texts the caller sent.
"""

from dataclasses import dataclass, field

from broker.model.queue import QueueKind
from broker.model.retry import RetryConfig
from broker.model.routing import Scheme
from broker.model.task import AppEngineRouting, HttpMethod, OauthToken, OidcToken, PullMessage


@dataclass(frozen=True, slots=True)
class HttpTargetDraft:
    """The routing of a queue's HTTP tasks, flat. Port 0 removes the port; an empty path or query clears it."""

    scheme: Scheme | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None
    only_if_missing: bool | None = None
    method: HttpMethod | None = None
    header_overrides: tuple[tuple[str, str], ...] | None = None
    oauth_account: str | None = None
    oauth_scope: str | None = None
    oidc_account: str | None = None
    oidc_audience: str | None = None


@dataclass(frozen=True, slots=True)
class QueueDraft:
    """The settable fields of a queue, flat but for its routing."""

    name: str = ""
    max_dispatches_per_second: float | None = None
    max_burst_size: int | None = None
    max_concurrent_dispatches: int | None = None
    max_attempts: int | None = None
    max_retry_duration_us: int | None = None
    min_backoff_us: int | None = None
    max_backoff_us: int | None = None
    max_doublings: int | None = None
    http_target: HttpTargetDraft = field(default_factory=HttpTargetDraft)
    app_engine_routing: AppEngineRouting = field(default_factory=AppEngineRouting)
    sampling_ratio: float | None = None
    kind: QueueKind | None = None
    task_ttl_us: int | None = None
    tombstone_ttl_us: int | None = None


@dataclass(slots=True)
class HttpRequestDraft:
    """The HTTP request of a task as sent: the URL may be missing, the method unknown to bodies.

    Not frozen, like `TaskDraft`, because thousands are made a second, and a frozen one takes four times as long.
    """

    url: str = ""
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    oidc_token: OidcToken | None = None
    oauth_token: OauthToken | None = None


@dataclass(frozen=True, slots=True)
class AppEngineRequestDraft:
    """The App Engine request of a task as sent."""

    relative_uri: str = ""
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    routing: AppEngineRouting = field(default_factory=AppEngineRouting)


@dataclass(slots=True)
class TaskDraft:
    """The settable fields of a task. At most one of the requests is set."""

    name: str = ""
    http_request: HttpRequestDraft | None = None
    app_engine_request: AppEngineRequestDraft | None = None
    pull_message: PullMessage | None = None
    schedule_us: int | None = None
    dispatch_deadline_us: int | None = None
    retry_config: RetryConfig | None = None
    keeps_past_schedule: bool = False
    """A schedule time in the past, 0 included, stays as it is instead of becoming now."""
