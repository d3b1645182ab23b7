"""What a task is (Cloud Tasks specification, section 2.6 to 2.9)."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from broker.model.names import TaskName
from broker.model.retry import RetryConfig

USER_AGENT = "Google-Cloud-Tasks"
APP_ENGINE_USER_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"
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
    """Asks for an OAuth access token in the request. An empty scope means all that the account may do."""

    service_account_email: str
    scope: str = ""


@dataclass(slots=True)
class HttpRequest:
    """The request that a task makes. Header names keep the casing they were sent with.

    The URL is empty where it is left to the queue's routing. At most one of the tokens is set. Nothing changes one;
    it is not frozen, like `NewTask` and `Task`, because thousands are made a second: a frozen one takes four times as
    long.
    """

    url: str
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    oidc_token: OidcToken | None = None
    oauth_token: OauthToken | None = None

    def without_body(self) -> "HttpRequest":
        """The same without its body."""
        return HttpRequest(self.url, self.method, self.headers, b"", self.oidc_token, self.oauth_token)


@dataclass(frozen=True, slots=True)
class AppEngineRouting:
    """Which App Engine service, version and instance gets a task. Empty means the default one."""

    service: str = ""
    version: str = ""
    instance: str = ""
    host: str = ""
    """What the others come to under the app's domain. Stored only where a task asked for another one by its own
    protocol; Cloud Tasks does not read it."""

    def in_domain(self, app_domain: str) -> "AppEngineRouting":
        """The same with its host: its own, else instance, version and service in front of the app's domain."""
        parts = (self.instance, self.version, self.service, app_domain)
        return replace(self, host=self.host or ".".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class AppEngineHttpRequest:
    """The request that a task makes of an App Engine service. The URI is a path, maybe with a query."""

    relative_uri: str = "/"
    method: HttpMethod = HttpMethod.POST
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    routing: AppEngineRouting = field(default_factory=AppEngineRouting)

    def without_body(self) -> "AppEngineHttpRequest":
        """The same without its body."""
        return replace(self, body=b"")


@dataclass(frozen=True, slots=True)
class PullMessage:
    """What a worker gets that leases the task. The tag, which may be empty, is any bytes."""

    body: bytes = b""
    tag: bytes = b""

    def without_body(self) -> "PullMessage":
        """The same without its body."""
        return PullMessage(tag=self.tag)


TaskRequest = HttpRequest | AppEngineHttpRequest | PullMessage


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dispatch of a task. `http_status` means something only once `response_us` is set."""

    dispatch_us: int
    schedule_us: int | None = None
    response_us: int | None = None
    http_status: int = 0
    """The status that came back; 504 for a deadline that passed, 0 for no connection."""


@dataclass(slots=True)
class NewTask:
    """A validated task on its way into the store. Times that are None are filled in by the store."""

    name: TaskName
    named_by_user: bool
    request: TaskRequest
    schedule_us: int | None = None
    dispatch_deadline_us: int | None = DEFAULT_DISPATCH_DEADLINE_US
    """None leaves it to the service of an App Engine task; a pull task has none."""
    retry_config: RetryConfig | None = None
    """Replaces the queue's configuration as a whole."""
    keeps_past_schedule: bool = False
    """A time in the past stays as it is, and decides the order of leases, instead of becoming now."""


@dataclass(slots=True)
class Task:
    """A live task as the store holds it. In a BASIC view the request has no body."""

    name: TaskName
    request: TaskRequest
    schedule_us: int
    """Of a pull task: from when it can be leased; while it is leased the end of the lease, which proves the lease."""
    create_us: int
    dispatch_deadline_us: int | None = DEFAULT_DISPATCH_DEADLINE_US
    dispatch_count: int = 0
    """Attempts sent, including the one in flight."""
    response_count: int = 0
    """Attempts that got any response."""
    first_attempt: Attempt | None = None
    last_attempt: Attempt | None = None
    retry_config: RetryConfig | None = None
    view: View = View.FULL

    def basic(self) -> "Task":
        """The same in a BASIC view."""
        return Task(
            self.name,
            self.request.without_body() if self.request.body else self.request,
            self.schedule_us,
            self.create_us,
            self.dispatch_deadline_us,
            self.dispatch_count,
            self.response_count,
            self.first_attempt,
            self.last_attempt,
            self.retry_config,
            View.BASIC,
        )
