"""Routing in any version of Cloud Tasks <-> the model: Queue.http_target and AppEngineRouting. Pure.

Messages are read as they are, and written as the fields of one. An empty path or query override is what gcloud sends
for "not overridden"; it counts as not given.
"""

from typing import Any

from broker.api.enums import METHODS, read_enum
from broker.model.routing import HttpTarget, Scheme, UriOverride
from broker.model.task import AppEngineRouting, OauthToken, OidcToken
from broker.service.drafts import HttpTargetDraft

_WHERE = "queue.http_target"
_SCHEMES = {0: Scheme.HTTPS, 1: Scheme.HTTP, 2: Scheme.HTTPS}
_ENFORCE_MODES = {0: None, 1: True, 2: False}
"""Whether the override only fills in what a task's URL lacks; None if that is not given."""


def read_http_target(target: Any) -> HttpTargetDraft:
    """The routing of HTTP tasks that a caller wants."""
    uri, where = target.uri_override, f"{_WHERE}.uri_override"
    oidc, oauth = _member(target, "oidc_token"), _member(target, "oauth_token")
    return HttpTargetDraft(
        scheme=read_enum(uri, "scheme", _SCHEMES, f"{where}.scheme") if uri.HasField("scheme") else None,
        host=uri.host if uri.HasField("host") else None,
        port=uri.port if uri.HasField("port") else None,
        path=uri.path_override.path or None,
        query=uri.query_override.query_params or None,
        only_if_missing=read_enum(
            uri, "uri_override_enforce_mode", _ENFORCE_MODES, f"{where}.uri_override_enforce_mode"
        ),
        method=read_enum(target, "http_method", METHODS, f"{_WHERE}.http_method"),
        header_overrides=tuple((given.header.key, given.header.value) for given in target.header_overrides) or None,
        oauth_account=oauth and oauth.service_account_email,
        oauth_scope=oauth and oauth.scope,
        oidc_account=oidc and oidc.service_account_email,
        oidc_audience=oidc and oidc.audience,
    )


def read_app_engine_routing(routing: Any) -> AppEngineRouting:
    """Service, version and instance that a caller wants; the host is output only."""
    return AppEngineRouting(routing.service, routing.version, routing.instance)


def http_target_fields(target: HttpTarget) -> dict[str, Any]:
    """The routing of HTTP tasks as callers see it: header overrides in the order they were sent."""
    return {
        "uri_override": target.uri_override and _uri_override_fields(target.uri_override),
        "http_method": target.method and target.method.value,
        "header_overrides": [{"header": {"key": name, "value": value}} for name, value in target.header_overrides],
        "oidc_token": oidc_token_fields(target.oidc_token),
        "oauth_token": oauth_token_fields(target.oauth_token),
    }


def app_engine_routing_fields(routing: AppEngineRouting) -> dict[str, Any]:
    """Service, version and instance as they were set, and the host they come to."""
    return {
        "service": routing.service,
        "version": routing.version,
        "instance": routing.instance,
        "host": routing.host,
    }


def write_app_engine_routing(message: Any, routing: AppEngineRouting) -> None:
    """Fill in service, version, instance and host; a routing without any is still there."""
    message.service, message.version, message.instance = routing.service, routing.version, routing.instance
    message.host = routing.host


def write_oidc_token(message: Any, token: OidcToken) -> None:
    """Fill in the OIDC token asked for."""
    message.service_account_email, message.audience = token.service_account_email, token.audience


def write_oauth_token(message: Any, token: OauthToken) -> None:
    """Fill in the access token asked for."""
    message.service_account_email, message.scope = token.service_account_email, token.scope


def oidc_token_fields(token: OidcToken | None) -> dict[str, Any] | None:
    """The OIDC token asked for, None if there is none."""
    return {"service_account_email": token.service_account_email, "audience": token.audience} if token else None


def oauth_token_fields(token: OauthToken | None) -> dict[str, Any] | None:
    """The access token asked for, None if there is none."""
    return {"service_account_email": token.service_account_email, "scope": token.scope} if token else None


def _uri_override_fields(uri: UriOverride) -> dict[str, Any]:
    return {
        "scheme": uri.scheme and uri.scheme.name,
        "host": uri.host,
        "port": uri.port,
        "path_override": None if uri.path is None else {"path": uri.path},
        "query_override": None if uri.query is None else {"query_params": uri.query},
        "uri_override_enforce_mode": "IF_NOT_EXISTS" if uri.only_if_missing else "ALWAYS",
    }


def _member(message: Any, field: str) -> Any | None:
    return getattr(message, field) if message.HasField(field) else None
