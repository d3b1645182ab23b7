"""What a queue's routing makes of the request of an HTTP task (Cloud Tasks specification, 5.4). Pure."""

import re
from dataclasses import replace

from broker.model.routing import HttpTarget, Scheme, UriOverride
from broker.model.task import HttpRequest

_url = re.compile(
    r"(?P<scheme>https?)://(?P<user>[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>[0-9]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_PARTS = ("scheme", "user", "host", "port", "path", "query")
_NO_HOST = "the task has no URL, and its queue's httpTarget.uriOverride names no host"


class Unroutable(Exception):
    """There is nowhere to send a request to. The message is one line that names the remedy."""


def routed_request(request: HttpRequest, target: HttpTarget | None) -> HttpRequest:
    """The request as the queue's present routing has it sent. Raises Unroutable.

    Method, headers and token of the queue always win; its enforce mode is about the parts of the URL alone.
    """
    if target is None:
        if not request.url:
            raise Unroutable(_NO_HOST)
        return request
    method = target.method or request.method
    has_token = target.oidc_token or target.oauth_token
    return replace(
        request,
        url=_routed_url(request.url, target.uri_override or UriOverride()),
        method=method,
        headers=_routed_headers(request.headers, target.header_overrides),
        body=request.body if method.allows_body else b"",
        oidc_token=target.oidc_token if has_token else request.oidc_token,
        oauth_token=target.oauth_token if has_token else request.oauth_token,
    )


def _routed_headers(
    headers: tuple[tuple[str, str], ...], overrides: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """The task's headers without those that are overridden, then the queue's; of its repeated names the last one."""
    if not overrides:
        return headers
    latest = {name.lower(): (name, value) for name, value in overrides}
    kept = (header for header in headers if header[0].lower() not in latest)
    return (*kept, *latest.values())


def _routed_url(url: str, uri: UriOverride) -> str:
    parts = _split(url)
    for name, override in _overrides(uri).items():
        is_there = parts[name] not in ("", "/")  # a path of a slash alone counts as missing
        if not (uri.only_if_missing and is_there):
            parts[name] = override
    if not parts["host"]:
        raise Unroutable(_NO_HOST)
    port = f":{parts['port']}" if parts["port"] else ""
    query = f"?{parts['query']}" if parts["query"] else ""
    return f"{parts['scheme'] or Scheme.HTTPS}://{parts['user']}{parts['host']}{port}{parts['path']}{query}"


def _split(url: str) -> dict[str, str]:
    """The parts of a URL; all empty if there is none."""
    match = _url.fullmatch(url)
    return {name: match[name] or "" if match else "" for name in _PARTS}


def _overrides(uri: UriOverride) -> dict[str, str]:
    """The overridden parts as they stand in a URL. Port 0 is no port."""
    path = None if uri.path is None else uri.path.replace("?", "%3F").replace("#", "%23")
    overrides = {
        "scheme": uri.scheme,
        "host": uri.host,
        "port": None if uri.port is None else str(uri.port or ""),
        "path": f"/{path}" if path and not path.startswith("/") else path,
        "query": None if uri.query is None else uri.query.replace("#", "%23"),
    }
    return {name: override for name, override in overrides.items() if override is not None}
