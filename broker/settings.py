"""Every setting of both node kinds, in one object. This module is the only reader of the environment.

A setting NAME is the environment variable `HEADRACE_NAME`, or the flag that a command has for it, which wins.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    InstanceOf,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from broker.app_engine_services import BASE_URL, service_urls
from broker.app_engine_tickets import ticket_locations
from broker.errors import StartupError
from broker.model.app_engine import DEFAULT_DOMAIN, AppEngineTargets
from broker.model.lease_caps import LeaseCaps
from broker.model.limits import Limits
from broker.model.names import LocationName, QueueName
from broker.model.tickets import Tickets
from broker.target_maps import read_addresses, read_proxy, read_rewrites, read_target_tls


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port; as text `HOST:PORT`, an IPv6 host in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with changes, for a child."""
    return {**os.environ, **changes}


def _shaped(pattern: str, description: str) -> AfterValidator:
    """A validator of texts that match `pattern`, which `description` puts in words."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {description}")
        return text

    return AfterValidator(check)


def _redis_url(url: str) -> str:
    """The URL if the store can make sense of it. What is refused is not shown: it may hold a password."""
    scheme, _, rest = url.partition("://")
    hosts = rest.partition("/")[0].rpartition("@")[2].split(",")
    try:
        is_good = scheme in _REDIS_SCHEMES and all(urlsplit(f"//{host}").port != 0 for host in hosts)
    except ValueError:
        is_good = False
    if url and not is_good:
        raise ValueError(
            "must be redis://HOST:PORT, rediss://HOST:PORT (TLS), unix:///PATH or redis+cluster://HOST:PORT,..."
        )
    return url


def _words(value: object) -> object:
    """A comma-separated text as a list, anything else as it is."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _limits(value: object) -> object:
    """Texts NAME=VALUE as limits. Raises ValueError naming the limit and the remedy."""
    words = _words(value)
    if not isinstance(words, list | tuple):
        return value
    overrides: dict[str, float] = {}
    for word in words:
        name, equals, number = str(word).partition("=")
        try:
            overrides[name.strip()] = float(number)
        except ValueError:
            problem = f"{number!r} is not a number" if equals else "write NAME=VALUE"
            raise ValueError(f"{word!r}: {problem}") from None
    return Limits().with_overrides(overrides)


def _no_service_link(value: object) -> object:
    """The value, unless it is what Kubernetes puts into HEADRACE_PORT where there is a Service called headrace."""
    return None if isinstance(value, str) and re.match(r"[a-z]+://", value) else value


def _services(value: object) -> object:
    words = [value] if isinstance(value, str) and value.lstrip().startswith("{") else _words(value)
    return service_urls([str(word) for word in words]) if isinstance(words, list | tuple) else value


def _of_addresses(read: Callable[[list[str]], dict[str, str]]) -> BeforeValidator:
    """A validator of texts ADDRESS=VALUE, or of one JSON object."""

    def check(value: object) -> object:
        words = [value] if isinstance(value, str) and value.lstrip().startswith("{") else _words(value)
        return read([str(word) for word in words]) if isinstance(words, list | tuple) else value

    return BeforeValidator(check)


def _lease_caps(value: object) -> object:
    words = _words(value)
    return dict(map(_lease_cap, words)) if isinstance(words, list | tuple) else value


def _lease_cap(word: object) -> tuple[str, int]:
    queue, equals, number = str(word).rpartition("=")
    if not equals or not re.fullmatch(r"\d{1,9}", number):
        raise ValueError(f"{word!r}: write QUEUE=NUMBER")
    return queue, int(number)


def _tickets(value: object) -> object:
    words = _words(value)
    return ticket_locations([str(word) for word in words]) if isinstance(words, list | tuple) else value


_REDIS_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster", "unix")

_DEV = {"auto_create_queues": True}
_DEV_LIMITS = ("task_tombstone_s=5", "queue_tombstone_s=0")

Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """What a node is told when it starts. Immutable; `load` is the way to make one."""

    model_config = SettingsConfigDict(
        env_prefix="HEADRACE_", frozen=True, env_ignore_empty=True, use_attribute_docstrings=True
    )

    profile: Literal["google", "dev"] = "google"
    """What the other settings are by default: as at Google's service, or made for tests and workstations (dev): the
    names of finished tasks are free after 5 s, those of deleted queues at once, missing queues are created."""

    redis_url: Annotated[str, AfterValidator(_redis_url)] = ""
    """Where Redis or Valkey is: redis://HOST:PORT, rediss:// for TLS, unix:///PATH, or
    redis+cluster://HOST:PORT,HOST:PORT. Without it, `up` runs its own server."""
    redis_server: Path | None = None
    """The redis-server or valkey-server (7.0 or later) that `up` is to run. Default: the one that comes with
    Headrace, else one on PATH."""
    data_dir: Path = Path(".headrace")
    """Where the server that `up` runs keeps its data."""
    namespace: Annotated[
        str, _shaped(r"[A-Za-z0-9_.-]{1,32}", "1 to 32 letters, digits, underscores, dots, hyphens")
    ] = "hr"
    """First part of every key in Redis: several installations can share one server."""
    partitions: int = Field(64, ge=1, le=16_384)
    """Number of partitions of a new store; fixed from then on."""

    host: str = Field("127.0.0.1", min_length=1)
    """Address to listen on."""
    grpc_port: Port = 8123
    """Port of the gRPC API; 0 takes any free port."""
    http_port: Port = 8124
    """Port of the REST API, of the keys that verify tokens and of the probes; 0 takes any free port."""
    port: Annotated[Port | None, BeforeValidator(_no_service_link)] = None
    """One port for gRPC and REST together, in place of the two ports above; 0 takes any free port."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that share the ports of an API node: one for each processor core that it may use."""
    front: Literal["grpcio", "envoy"] = "grpcio"
    """What serves an API node's ports: `grpcio`, with aiohttp beside it, or `envoy`, which is faster for gRPC and has
    to be installed."""
    tls_cert: FilePath | None = None
    """File with the certificate (PEM) of the API node, and those that lead to its authority: with it every port of the
    node speaks TLS. It is read again when it changes."""
    tls_key: FilePath | None = None
    """File with the key (PEM, without a password) of that certificate."""
    metrics_port: Port = 8125
    """Port of /healthz, /readyz and /metrics of a dispatcher on its own, or of a pull worker, which has none unless it
    is given one; 0 takes any free port."""
    insecure: bool = False
    """Allow the API, which does not authenticate its callers, on an address other than loopback."""

    project: str = "local"
    """Project of queues that are named by their short id."""
    location: str = "us-central1"
    """Location of queues that are named by their short id."""
    queues: Words = ()
    """Queue to create at the start if it is missing, by short id or full name. May be repeated; in the environment,
    separated by commas."""
    queues_file: FilePath | None = None
    """A queue.yaml or queue.xml: `up` brings the queues it lists to what it says, and leaves others alone."""
    auto_create_queues: bool = False
    """Create a missing queue, with defaults, when a task is created in it."""
    admin: bool = False
    """Serve /admin/v1, which can delete all that a project has and wait until a queue is idle."""
    limits: Annotated[InstanceOf[Limits], NoDecode, BeforeValidator(_limits)] = Limits()
    """Limit to change, as NAME=VALUE, for example task_tombstone_s=0. May be repeated; in the environment,
    separated by commas."""

    issuer: Annotated[str, _shaped(r"|https?://\S+", "an http:// or https:// URL")] = ""
    """Issuer in OIDC tokens: the URL at which targets reach the REST port. Default: http://HOST:HTTP_PORT."""
    signing_key: FilePath | None = None
    """File with the RSA key (PEM) that signs tokens, the same on every node. By default nodes make one and keep it in
    Redis."""
    egress: Literal["any", "public"] = "public"
    """Where tasks may be sent: to any address, or to public ones only."""
    target_ca: FilePath | None = None
    """File of CA certificates (PEM) to trust for https targets, beside the system's."""

    target_tls: Annotated[Mapping[str, str], NoDecode, _of_addresses(read_target_tls)] = Field({})
    """File of CA certificates to trust for one target, as HOST[:PORT]=FILE, or HOST[:PORT]=insecure to trust whatever
    it shows. May be repeated; in the environment, separated by commas, or a JSON object."""
    target_rewrites: Annotated[Mapping[str, str], NoDecode, _of_addresses(read_rewrites)] = Field({})
    """Address to connect to in place of another one, as FROM=TO, for example
    localhost:8080=host.docker.internal:8080 or http://mailer=unix:/run/mailer.sock. May be repeated; in the
    environment, separated by commas, or a JSON object."""
    target_proxy: Annotated[str, AfterValidator(read_proxy)] = ""
    """HTTP proxy that targets are reached through: http://HOST:PORT, or https:// to speak TLS with it; user and
    password as http://USER:PASSWORD@HOST:PORT."""
    target_no_proxy: Annotated[Words, AfterValidator(read_addresses)] = ()
    """Address that is reached without the proxy: HOST[:PORT], where HOST can be *.DOMAIN. May be repeated; in the
    environment, separated by commas."""

    app_engine_domain: Annotated[str, _shaped(r"[A-Za-z0-9.\-{}]+", "a domain")] = DEFAULT_DOMAIN
    """Domain of App Engine services, in answers and in the Host header of App Engine tasks; {project} stands for the
    project of the queue."""
    app_engine_target: Annotated[
        str, _shaped(rf"|{BASE_URL}", "an http:// or https:// URL"), AfterValidator(lambda url: url.rstrip("/"))
    ] = ""
    """Base URL to which App Engine tasks are sent; {service} stands for the service of the task."""
    app_engine_services: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_services)] = Field({})
    """Base URL of one App Engine service, as SERVICE=URL or VERSION.SERVICE=URL. May be repeated; in the environment,
    separated by commas, or a JSON object, or the path of a file that holds one."""
    app_engine_tickets: Annotated[Mapping[str, LocationName], NoDecode, BeforeValidator(_tickets)] = Field({})
    """Ticket of the App Engine API and where its calls lead to, as TICKET=PROJECT/LOCATION; other tickets lead to
    `project` and `location`. May be repeated; in the environment, separated by commas."""
    app_engine_admin_tickets: Words = ()
    """Ticket of the App Engine API with which queues can be managed, in every project. May be repeated; in the
    environment, separated by commas."""
    oauth_token_dir: DirectoryPath | None = None
    """Directory with the access tokens of OAuth tasks: one file for each service account, named by its e-mail address.
    Default: tokens that Headrace signs, which Google's own APIs do not accept."""

    lease_caps: Annotated[Mapping[str, int], NoDecode, BeforeValidator(_lease_caps)] = Field({})
    """Lease calls a second that one pull queue takes, in place of the limit leases_per_second, as QUEUE=NUMBER by short
    id or full name; 0 is any number. May be repeated; in the environment, separated by commas."""
    lease_cap_answer: Literal["protocol", "empty"] = "protocol"
    """What LeaseTasks of Cloud Tasks v2beta2 answers above the cap: RESOURCE_EXHAUSTED, as its protocol says, or no
    tasks, as the other APIs do (empty)."""
    legacy_standard_payloads: bool = False
    """Let inserts of the App Engine REST API have payloads in standard base64 too, with + and /. By default they must
    be URL-safe, as its protocol says."""

    lease_s: Seconds = 30.0
    """How long a dispatcher, or a pull worker, owns a task between renewals: when it is killed, its tasks are
    delivered again after this time."""
    drain_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 25.0
    """How long a stopping node waits for what is under way: a dispatcher for answers to what it has sent, a pull
    worker for its tasks, an API node for calls."""
    slow_poll_s: Seconds = 5.0
    """Longest sleep of a dispatcher between two looks at a partition, of a pull worker between two at its queue."""
    overload_control: bool = True
    """Slow a queue down while its target answers 429 or 503."""
    ramp_up: bool = False
    """Let queues that are new, resumed or were idle begin slowly: with 500 dispatches a second, then 50 % more every
    5 minutes."""
    max_in_flight: int = Field(1000, ge=1, le=100_000)
    """Most requests that one dispatcher has open. A task of more than 256 KiB counts as one for each 256 KiB begun, so
    that this bounds memory, too."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log line to write."""
    queue_labels: int = Field(1000, ge=0)
    """How many queues metrics tell apart; the rest count as queue "other"."""

    @classmethod
    def load(cls, flags: Mapping[str, object], defaults: Mapping[str, object] | None = None) -> Self:
        """Settings from flags, else the environment, else `defaults`, else the defaults above.

        A flag that is None was not given. Raises StartupError: one line naming what is wrong.
        """
        try:
            present = {name: value for name, value in flags.items() if value is not None}
            given = cls(**present)  # type: ignore[arg-type]  # pydantic checks what each one is
        except ValidationError as error:
            raise StartupError(_explain(error)) from None
        absent = {name: value for name, value in (defaults or {}).items() if name not in given.model_fields_set}
        return given.model_copy(update=absent)

    @model_validator(mode="before")
    @classmethod
    def _apply_profile(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What is given wins over the profile, a limit over the profile's limit of that name."""
        if given.get("profile") != "dev":
            return given
        limits = _words(given.get("limits", ()))
        if isinstance(limits, list | tuple):
            given = {**given, "limits": [*_DEV_LIMITS, *limits]}
        return {**_DEV, **given}

    @model_validator(mode="after")
    def _name_what_exists(self) -> Self:
        if LocationName.parse(str(self._location)) is None:
            raise ValueError(f"project {self.project!r} or location {self.location!r} is not a valid id")
        for queue in (*self.queues, *self.lease_caps):
            if self._queue_name(queue) is None:
                raise ValueError(f"queue {queue!r} is neither a queue id (letters, digits, hyphens) nor a full name")
        return self

    @model_validator(mode="after")
    def _want_certificate_and_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS needs both tls_cert (HEADRACE_TLS_CERT) and tls_key (HEADRACE_TLS_KEY)")
        return self

    @property
    def _location(self) -> LocationName:
        return LocationName(self.project, self.location)

    def _queue_name(self, queue: str) -> QueueName | None:
        return QueueName.parse(queue if "/" in queue else f"{self._location}/queues/{queue}")

    @property
    def queue_names(self) -> tuple[QueueName, ...]:
        """Full names of the queues to create at the start."""
        return tuple(name for name in map(self._queue_name, self.queues) if name)

    @property
    def is_loopback(self) -> bool:
        """Whether `host` is certain to be reachable from this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def app_engine_targets(self) -> AppEngineTargets:
        """Where App Engine tasks are sent."""
        return AppEngineTargets(self.app_engine_target, self.app_engine_services)

    @property
    def lease_cap_rules(self) -> LeaseCaps:
        """What caps lease calls besides the limit, and how."""
        by_queue = {name: cap for queue, cap in self.lease_caps.items() if (name := self._queue_name(queue))}
        return LeaseCaps(by_queue, answers_empty=self.lease_cap_answer == "empty")

    @property
    def tickets(self) -> Tickets:
        """Where the tickets of the App Engine API lead to."""
        return Tickets(self._location, self.app_engine_tickets, frozenset(self.app_engine_admin_tickets))

    def issuer_url(self, http_port: int) -> str:
        """The issuer of tokens, given the port that REST listens on."""
        return self.issuer or f"{'https' if self.tls_cert else 'http'}://{Address(self.host, http_port)}"


def _explain(error: ValidationError) -> str:
    """The first problem of `error` in one line that names the setting."""
    problem = error.errors(include_url=False)[0]
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    given = str(problem["input"]) if isinstance(problem["input"], Path) else problem["input"]
    shown = "" if problem["type"] == "value_error" else f", got {given!r}"
    return f"setting {name} (HEADRACE_{name.upper()}): {message}{shown}"
