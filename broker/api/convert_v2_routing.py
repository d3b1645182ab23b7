"""Routing in Cloud Tasks v2 <-> the model: Queue.http_target and AppEngineRouting. Pure.

An empty path or query override is what gcloud sends for "not overridden"; it counts as not given.
"""

from typing import Any

from google.cloud.tasks_v2 import types

from broker.api.enums_v2 import read_method, unknown_enum
from broker.model.routing import HttpTarget, Scheme, UriOverride
from broker.model.task import AppEngineRouting
from broker.service.drafts import HttpTargetDraft

_HttpTarget, _UriOverride = types.HttpTarget.pb(), types.UriOverride.pb()
_OidcToken, _OauthToken = types.OidcToken.pb(), types.OAuthToken.pb()
_AppEngineRouting = types.AppEngineRouting.pb()

_SCHEMES = {0: Scheme.HTTPS, 1: Scheme.HTTP, 2: Scheme.HTTPS}
_ENFORCE_MODES = {0: None, 1: True, 2: False}
"""Whether the override only fills in what a task's URL lacks; None if that is not given."""


def read_http_target(target: Any) -> HttpTargetDraft:
    """The routing of HTTP tasks that a caller wants."""
    uri = target.uri_override
    oidc, oauth = _member(target, "oidc_token"), _member(target, "oauth_token")
    return HttpTargetDraft(
        scheme=_read_scheme(uri.scheme) if uri.HasField("scheme") else None,
        host=uri.host if uri.HasField("host") else None,
        port=uri.port if uri.HasField("port") else None,
        path=uri.path_override.path or None,
        query=uri.query_override.query_params or None,
        only_if_missing=_read_enforce_mode(uri.uri_override_enforce_mode),
        method=read_method(target.http_method, "queue.http_target.http_method"),
        header_overrides=tuple((given.header.key, given.header.value) for given in target.header_overrides) or None,
        oauth_account=oauth and oauth.service_account_email,
        oauth_scope=oauth and oauth.scope,
        oidc_account=oidc and oidc.service_account_email,
        oidc_audience=oidc and oidc.audience,
    )


def read_app_engine_routing(routing: Any) -> AppEngineRouting:
    """Service, version and instance that a caller wants; the host is output only."""
    return AppEngineRouting(routing.service, routing.version, routing.instance)


def http_target_message(target: HttpTarget) -> Any:
    """The routing of HTTP tasks as callers see it: header overrides in the order they were sent."""
    oidc, oauth = target.oidc_token, target.oauth_token
    return _HttpTarget(
        uri_override=target.uri_override and _uri_override_message(target.uri_override),
        http_method=target.method and target.method.value,
        header_overrides=[
            _HttpTarget.HeaderOverride(header=_HttpTarget.Header(key=name, value=value))
            for name, value in target.header_overrides
        ],
        oidc_token=oidc and _OidcToken(service_account_email=oidc.service_account_email, audience=oidc.audience),
        oauth_token=oauth and _OauthToken(service_account_email=oauth.service_account_email, scope=oauth.scope),
    )


def app_engine_routing_message(routing: AppEngineRouting) -> Any:
    """Service, version and instance as they were set, and the host they come to."""
    return _AppEngineRouting(
        service=routing.service, version=routing.version, instance=routing.instance, host=routing.host
    )


def _uri_override_message(uri: UriOverride) -> Any:
    message = _UriOverride(
        scheme=uri.scheme and _UriOverride.Scheme.Value(uri.scheme.name),
        host=uri.host,
        port=uri.port,
        uri_override_enforce_mode="IF_NOT_EXISTS" if uri.only_if_missing else "ALWAYS",
    )
    if uri.path is not None:
        message.path_override.path = uri.path
        message.path_override.SetInParent()
    if uri.query is not None:
        message.query_override.query_params = uri.query
        message.query_override.SetInParent()
    return message


def _member(message: Any, field: str) -> Any | None:
    return getattr(message, field) if message.HasField(field) else None


def _read_scheme(number: int) -> Scheme:
    if number not in _SCHEMES:
        raise unknown_enum("queue.http_target.uri_override.scheme", "UriOverride.Scheme", number)
    return _SCHEMES[number]


def _read_enforce_mode(number: int) -> bool | None:
    if number not in _ENFORCE_MODES:
        where = "queue.http_target.uri_override.uri_override_enforce_mode"
        raise unknown_enum(where, "UriOverride.UriOverrideEnforceMode", number)
    return _ENFORCE_MODES[number]
