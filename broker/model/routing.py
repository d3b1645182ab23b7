"""Where a queue sends its tasks, whatever the tasks say themselves (Cloud Tasks specification, 2.10 and 5.4)."""

from dataclasses import dataclass
from enum import StrEnum

from broker.model.task import AppEngineRouting, HttpMethod, OauthToken, OidcToken

__all__ = ["AppEngineRouting", "HttpTarget", "Scheme", "UriOverride"]


class Scheme(StrEnum):
    """The schemes a target can have."""

    HTTP = "http"
    HTTPS = "https"


@dataclass(frozen=True, slots=True)
class UriOverride:
    """Parts of a URL. None leaves the task's own part; an empty path or query clears it; port 0 removes the port."""

    scheme: Scheme | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None
    only_if_missing: bool = False
    """Fill in only what the task's URL lacks."""


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """What a queue changes in the requests of its HTTP tasks. Headers are in the order they were given."""

    uri_override: UriOverride | None = None
    method: HttpMethod | None = None
    header_overrides: tuple[tuple[str, str], ...] = ()
    oauth_token: OauthToken | None = None
    oidc_token: OidcToken | None = None
