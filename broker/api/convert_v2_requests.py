"""The two kinds of request that a task of Cloud Tasks v2 can make <-> the model. Pure."""

from typing import Any

from google.cloud.tasks_v2 import types

from broker.api.convert_v2_routing import app_engine_routing_message, read_app_engine_routing
from broker.api.enums_v2 import read_method
from broker.model.task import AppEngineHttpRequest, HttpMethod, HttpRequest, OauthToken, OidcToken, TaskRequest
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft

_HttpRequest, _AppEngineHttpRequest = types.HttpRequest.pb(), types.AppEngineHttpRequest.pb()
_OidcToken, _OauthToken = types.OidcToken.pb(), types.OAuthToken.pb()


def read_http_request(request: Any) -> HttpRequestDraft:
    """The HTTP request that a caller wants a task to make."""
    oidc, oauth = request.oidc_token, request.oauth_token
    return HttpRequestDraft(
        url=request.url,
        method=read_method(request.http_method, "task.http_request.http_method") or HttpMethod.POST,
        headers=tuple(request.headers.items()),
        body=request.body,
        oidc_token=OidcToken(oidc.service_account_email, oidc.audience) if request.HasField("oidc_token") else None,
        oauth_token=OauthToken(oauth.service_account_email, oauth.scope) if request.HasField("oauth_token") else None,
    )


def read_app_engine_request(request: Any) -> AppEngineRequestDraft:
    """The App Engine request that a caller wants a task to make."""
    return AppEngineRequestDraft(
        relative_uri=request.relative_uri,
        method=read_method(request.http_method, "task.app_engine_http_request.http_method") or HttpMethod.POST,
        headers=tuple(request.headers.items()),
        body=request.body,
        routing=read_app_engine_routing(request.app_engine_routing),
    )


def set_request(task: Any, request: TaskRequest) -> None:
    """Put the request into a task's message."""
    if isinstance(request, AppEngineHttpRequest):
        task.app_engine_http_request.CopyFrom(_app_engine_message(request))
    else:
        task.http_request.CopyFrom(_http_message(request))


def _http_message(request: HttpRequest) -> Any:
    oidc, oauth = request.oidc_token, request.oauth_token
    return _HttpRequest(
        url=request.url,
        http_method=request.method.value,
        headers=dict(request.headers),
        body=request.body,
        oidc_token=oidc and _OidcToken(service_account_email=oidc.service_account_email, audience=oidc.audience),
        oauth_token=oauth and _OauthToken(service_account_email=oauth.service_account_email, scope=oauth.scope),
    )


def _app_engine_message(request: AppEngineHttpRequest) -> Any:
    return _AppEngineHttpRequest(
        http_method=request.method.value,
        app_engine_routing=app_engine_routing_message(request.routing),
        relative_uri=request.relative_uri,
        headers=dict(request.headers),
        body=request.body,
    )
