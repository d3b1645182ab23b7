"""From a push task of the App Engine API to the request it makes (App Engine specification, 4.1 to 4.3)."""

import re

from broker.errors import HeadraceError
from broker.model.task import AppEngineHttpRequest, AppEngineRouting, HttpMethod
from broker.service.app_engine.drafts import AddDraft
from broker.service.app_engine.errors import Result, TaskQueueError
from broker.service.header_rules import check_headers, stored_app_engine_headers
from broker.service.url_rules import stored_relative_uri

_host = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}")
_METHODS_WITH_BODY = (HttpMethod.POST, HttpMethod.PUT)
_TARGET_PARTS = ("service", "version", "instance")
_SHORTEST_DEADLINE_US, _LONGEST_DEADLINE_US = 15_000_000, 86_400_000_000


def push_request(draft: AddDraft, url_length: int, app_domain: str) -> AppEngineHttpRequest:
    """The request of a task. Raises INVALID_URL, INVALID_DISPATCH_DEADLINE, INVALID_ARGUMENT for a bad header."""
    uri = _relative_uri(draft.url, url_length)
    deadline_us = draft.dispatch_deadline_us
    if deadline_us is not None and not _SHORTEST_DEADLINE_US <= deadline_us <= _LONGEST_DEADLINE_US:
        raise TaskQueueError(
            Result.INVALID_DISPATCH_DEADLINE, "The dispatch deadline must be between 15 seconds and 24 hours."
        )
    body = (draft.body or b"") if draft.method in _METHODS_WITH_BODY else b""
    check_headers(draft.headers, "The task's headers")
    hosts = [value for name, value in draft.headers if name.lower() == "host" and _host.fullmatch(value)]
    headers = tuple(header for header in draft.headers if header[0].lower() != "host")
    return AppEngineHttpRequest(
        relative_uri=uri,
        method=draft.method,
        headers=stored_app_engine_headers(headers, body),
        body=body,
        routing=routing_of(hosts[-1], app_domain) if hosts else AppEngineRouting(),
    )


def routing_of(host: str, app_domain: str) -> AppEngineRouting:
    """The service that a Host header means, in front of the app's domain; the default one for any other host.

    The routing keeps a host that it would not come to by itself.
    """
    dotted = host.replace("-dot-", ".")
    target = dotted.removesuffix(f".{app_domain}").split(".") if dotted.endswith(f".{app_domain}") else []
    known = dict(zip(_TARGET_PARTS, reversed(target), strict=False)) if len(target) <= len(_TARGET_PARTS) else {}
    routing = AppEngineRouting(**known)
    return routing if routing.in_domain(app_domain).host == host else AppEngineRouting(**known, host=host)


def _relative_uri(url: str, url_length: int) -> str:
    try:
        if url:
            return stored_relative_uri(url, url_length)
    except HeadraceError as error:
        raise TaskQueueError(Result.INVALID_URL, error.message) from None
    raise TaskQueueError(Result.INVALID_URL, "A push task needs a url.")
