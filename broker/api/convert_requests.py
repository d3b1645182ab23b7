"""The two kinds of request that a task can make, in any version of Cloud Tasks <-> the model. Pure."""

from typing import Any

from broker.api.convert_routing import (
    app_engine_routing_fields,
    oauth_token_fields,
    oidc_token_fields,
    read_app_engine_routing,
)
from broker.api.enums import METHODS, read_enum
from broker.model.task import AppEngineHttpRequest, HttpMethod, HttpRequest, OauthToken, OidcToken
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft


def read_http_request(request: Any) -> HttpRequestDraft:
    """The HTTP request that a caller wants a task to make."""
    oidc, oauth = request.oidc_token, request.oauth_token
    return HttpRequestDraft(
        url=request.url,
        method=_read_method(request, "task.http_request"),
        headers=tuple(request.headers.items()),
        body=request.body,
        oidc_token=OidcToken(oidc.service_account_email, oidc.audience) if request.HasField("oidc_token") else None,
        oauth_token=OauthToken(oauth.service_account_email, oauth.scope) if request.HasField("oauth_token") else None,
    )


def read_app_engine_request(request: Any, *, uri: str = "relative_uri", body: str = "body") -> AppEngineRequestDraft:
    """The App Engine request that a caller wants a task to make. `uri` and `body` are what the version calls them."""
    return AppEngineRequestDraft(
        relative_uri=getattr(request, uri),
        method=_read_method(request, "task.app_engine_http_request"),
        headers=tuple(request.headers.items()),
        body=getattr(request, body),
        routing=read_app_engine_routing(request.app_engine_routing),
    )


def http_request_fields(request: HttpRequest) -> dict[str, Any]:
    """The HTTP request of a task as callers see it."""
    return {
        "url": request.url,
        "http_method": request.method.value,
        "headers": dict(request.headers),
        "body": request.body,
        "oidc_token": oidc_token_fields(request.oidc_token),
        "oauth_token": oauth_token_fields(request.oauth_token),
    }


def app_engine_request_fields(
    request: AppEngineHttpRequest, *, uri: str = "relative_uri", body: str = "body"
) -> dict[str, Any]:
    """The App Engine request of a task as callers see it. `uri` and `body` are what the version calls them."""
    return {
        "http_method": request.method.value,
        "app_engine_routing": app_engine_routing_fields(request.routing),
        uri: request.relative_uri,
        "headers": dict(request.headers),
        body: request.body,
    }


def _read_method(request: Any, where: str) -> HttpMethod:
    return read_enum(request, "http_method", METHODS, f"{where}.http_method") or HttpMethod.POST
