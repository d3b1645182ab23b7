"""A queue's routing as one JSON text. What is not set is left out; unknown members of a newer version are ignored."""

import json
from typing import Any

from broker.model.queue import Queue
from broker.model.routing import AppEngineRouting, HttpTarget, Scheme, UriOverride
from broker.model.task import HttpMethod, OauthToken, OidcToken


def pack_routing(queue: Queue) -> str:
    """The text for a queue's routing; empty if it has none."""
    routing: dict[str, Any] = {}
    if queue.http_target:
        routing["http"] = _from_http_target(queue.http_target)
    if queue.app_engine_routing:
        app = queue.app_engine_routing
        routing["app"] = [app.service, app.version, app.instance]
    return json.dumps(routing, separators=(",", ":")) if routing else ""


def unpack_routing(text: str) -> tuple[HttpTarget | None, AppEngineRouting | None]:
    """The routing in a text. Raises ValueError, KeyError or TypeError for one that no version wrote."""
    routing = json.loads(text) if text else {}
    target = _to_http_target(routing["http"]) if "http" in routing else None
    return target, AppEngineRouting(*routing["app"]) if "app" in routing else None


def _from_http_target(target: HttpTarget) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if (uri := target.uri_override) is not None:
        parts = {"scheme": uri.scheme, "host": uri.host, "port": uri.port, "path": uri.path, "query": uri.query}
        members["uri"] = {name: part for name, part in parts.items() if part is not None}
        if uri.only_if_missing:
            members["uri"]["only_if_missing"] = True
    if target.method:
        members["method"] = target.method
    if target.header_overrides:
        members["headers"] = target.header_overrides
    if target.oauth_token:
        members["oauth"] = [target.oauth_token.service_account_email, target.oauth_token.scope]
    if target.oidc_token:
        members["oidc"] = [target.oidc_token.service_account_email, target.oidc_token.audience]
    return members


def _to_http_target(members: dict[str, Any]) -> HttpTarget:
    uri = members.get("uri")
    return HttpTarget(
        uri_override=_to_uri_override(uri) if uri is not None else None,
        method=HttpMethod(members["method"]) if "method" in members else None,
        header_overrides=tuple((name, value) for name, value in members.get("headers", ())),
        oauth_token=OauthToken(*members["oauth"]) if "oauth" in members else None,
        oidc_token=OidcToken(*members["oidc"]) if "oidc" in members else None,
    )


def _to_uri_override(parts: dict[str, Any]) -> UriOverride:
    return UriOverride(
        scheme=Scheme(parts["scheme"]) if "scheme" in parts else None,
        host=parts.get("host"),
        port=parts.get("port"),
        path=parts.get("path"),
        query=parts.get("query"),
        only_if_missing=parts.get("only_if_missing", False),
    )
