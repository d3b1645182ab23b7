"""What a task is (Cloud Tasks specification, section 2.6 to 2.8)."""

from dataclasses import dataclass
from enum import StrEnum

from broker.model.names import TaskName
from broker.model.retry import RetryConfig

USER_AGENT = "Google-Cloud-Tasks"
DEFAULT_DISPATCH_DEADLINE_US = 600 * 1_000_000


class View(StrEnum):
    """How much of a task is shown: BASIC leaves out the body."""

    BASIC = "BASIC"
    FULL = "FULL"


class HttpMethod(StrEnum):
    """The methods a task can use. The values are the words on the wire."""

    POST = "POST"
    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    DELETE = "DELETE"
    PATCH = "PATCH"
    OPTIONS = "OPTIONS"

    @property
    def allows_body(self) -> bool:
        """Whether a task with this method may carry a body."""
        return self in (HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH)


@dataclass(frozen=True, slots=True)
class OidcToken:
    """Asks for an OpenID Connect token in the request. An empty audience means the target URL."""

    service_account_email: str
    audience: str = ""


@dataclass(frozen=True, slots=True)
class OauthToken:
    """Asks for an OAuth access token in the request."""

    service_account_email: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The request that a task makes. Header names keep the casing they were sent with."""

    url: str
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    oidc_token: OidcToken | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dispatch of a task. `http_status` means something only once `response_us` is set."""

    dispatch_us: int
    schedule_us: int | None = None
    response_us: int | None = None
    http_status: int = 0
    """The status that came back; 504 for a deadline that passed, 0 for no connection."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """A validated task on its way into the store. Times that are None are filled in by the store."""

    name: TaskName
    named_by_user: bool
    request: HttpRequest
    schedule_us: int | None = None
    dispatch_deadline_us: int = DEFAULT_DISPATCH_DEADLINE_US
    retry_config: RetryConfig | None = None
    """Replaces the queue's configuration as a whole."""


@dataclass(frozen=True, slots=True)
class Task:
    """A live task as the store holds it. In a BASIC view the request has no body."""

    name: TaskName
    request: HttpRequest
    schedule_us: int
    create_us: int
    dispatch_deadline_us: int = DEFAULT_DISPATCH_DEADLINE_US
    dispatch_count: int = 0
    """Attempts sent, including the one in flight."""
    response_count: int = 0
    """Attempts that got any response."""
    first_attempt: Attempt | None = None
    last_attempt: Attempt | None = None
    retry_config: RetryConfig | None = None
    view: View = View.FULL
