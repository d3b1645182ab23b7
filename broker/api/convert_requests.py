"""The two kinds of request that a task can make, in any version of Cloud Tasks <-> the model. Pure."""

from typing import Any

from broker.api.convert_routing import (
    read_app_engine_routing,
    write_app_engine_routing,
    write_oauth_token,
    write_oidc_token,
)
from broker.api.enums import METHODS, read_enum
from broker.model.task import AppEngineHttpRequest, HttpMethod, HttpRequest, OauthToken, OidcToken
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft


def read_http_request(request: Any) -> HttpRequestDraft:
    """The HTTP request that a caller wants a task to make."""
    return HttpRequestDraft(
        request.url,
        _read_method(request, "task.http_request"),
        tuple(request.headers.items()) if request.headers else (),
        request.body,
        _read_oidc_token(request.oidc_token) if request.HasField("oidc_token") else None,
        _read_oauth_token(request.oauth_token) if request.HasField("oauth_token") else None,
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


def write_http_request(message: Any, request: HttpRequest) -> None:
    """Fill in the HTTP request of a task as callers see it."""
    message.url, message.http_method, message.body = request.url, request.method, request.body
    for name, value in request.headers:
        message.headers[name] = value
    if request.oidc_token:
        write_oidc_token(message.oidc_token, request.oidc_token)
    if request.oauth_token:
        write_oauth_token(message.oauth_token, request.oauth_token)


def write_app_engine_request(
    message: Any, request: AppEngineHttpRequest, *, uri: str = "relative_uri", body: str = "body"
) -> None:
    """Fill in the App Engine request of a task as callers see it. `uri` and `body` are what the version calls them."""
    message.http_method = request.method
    write_app_engine_routing(message.app_engine_routing, request.routing)
    setattr(message, uri, request.relative_uri)
    for name, value in request.headers:
        message.headers[name] = value
    setattr(message, body, request.body)


def _read_oidc_token(token: Any) -> OidcToken:
    return OidcToken(token.service_account_email, token.audience)


def _read_oauth_token(token: Any) -> OauthToken:
    return OauthToken(token.service_account_email, token.scope)


def _read_method(request: Any, where: str) -> HttpMethod:
    return read_enum(request, "http_method", METHODS, f"{where}.http_method") or HttpMethod.POST
