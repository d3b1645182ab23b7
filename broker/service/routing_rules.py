"""From what a caller asked for to a queue's routing (Cloud Tasks specification, 2.9, 2.10 and 3.6)."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from broker.model.limits import Limits
from broker.model.routing import HttpTarget, UriOverride
from broker.model.task import AppEngineRouting, OauthToken, OidcToken
from broker.service import our_texts, texts
from broker.service.drafts import HttpTargetDraft
from broker.service.header_rules import check_headers
from broker.service.url_rules import LARGEST_PORT, is_host

_OAUTH, _OIDC = ("oauth_account", "oauth_scope"), ("oidc_account", "oidc_audience")
_app_engine_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{0,99}")


def changed_http_target(
    current: HttpTarget | None, draft: HttpTargetDraft, parts: Collection[str], limits: Limits
) -> HttpTarget | None:
    """The routing with `parts`, attributes of the draft, taken from it; None if nothing is left of it.

    Raises HeadraceError.
    """
    if not parts:
        return current
    given: dict[str, Any] = {part: getattr(draft, part) for part in parts}
    for token, other in ((_OAUTH, _OIDC), (_OIDC, _OAUTH)):
        if any(given.get(part) is not None for part in token):
            given |= dict.fromkeys(other)  # a new token takes the place of one of the other kind
    target = _built(replace(_flat(current or HttpTarget()), **given))
    _check_uri_override(target.uri_override or UriOverride(), limits)
    check_headers(target.header_overrides, "HttpTarget.headerOverrides", limits.header_bytes)
    return target if target != HttpTarget() else None


def changed_app_engine_routing(
    current: AppEngineRouting | None, draft: AppEngineRouting, parts: Collection[str]
) -> AppEngineRouting | None:
    """The routing with `parts`, attributes, taken from the draft; None if nothing is left of it.

    Raises HeadraceError.
    """
    given = {part: getattr(draft, part) for part in parts}
    routing = replace(current or AppEngineRouting(), **given)
    check_app_engine_routing(routing)
    return routing if routing != AppEngineRouting() else None


def check_app_engine_routing(routing: AppEngineRouting) -> None:
    """Raise HeadraceError unless the ids can be parts of a host name."""
    for field in ("service", "version", "instance"):
        value = getattr(routing, field)
        if value and not _app_engine_id.fullmatch(value):
            raise our_texts.app_engine_id_invalid(f"AppEngineRouting.{field}", value)


def _flat(target: HttpTarget) -> HttpTargetDraft:
    uri = target.uri_override or UriOverride()
    oauth, oidc = target.oauth_token, target.oidc_token
    return HttpTargetDraft(
        scheme=uri.scheme,
        host=uri.host,
        port=uri.port,
        path=uri.path,
        query=uri.query,
        only_if_missing=uri.only_if_missing,
        method=target.method,
        header_overrides=target.header_overrides,
        oauth_account=oauth.service_account_email if oauth else None,
        oauth_scope=oauth.scope if oauth else None,
        oidc_account=oidc.service_account_email if oidc else None,
        oidc_audience=oidc.audience if oidc else None,
    )


def _built(flat: HttpTargetDraft) -> HttpTarget:
    uri = UriOverride(flat.scheme, flat.host, flat.port, flat.path, flat.query, bool(flat.only_if_missing))
    oauth = _token("HttpTarget.oauthToken.scope", flat.oauth_account, flat.oauth_scope)
    oidc = _token("HttpTarget.oidcToken.audience", flat.oidc_account, flat.oidc_audience)
    return HttpTarget(
        uri_override=uri if uri != UriOverride() else None,
        method=flat.method,
        header_overrides=flat.header_overrides or (),
        oauth_token=OauthToken(*oauth) if oauth else None,
        oidc_token=OidcToken(*oidc) if oidc else None,
    )


def _token(second_field: str, account: str | None, second: str | None) -> tuple[str, str] | None:
    """Account and scope or audience of a token: for a queue, other than for a task, both are required."""
    if account is None and second is None:
        return None
    if not account:
        raise texts.token_without_account()
    if not second:
        raise our_texts.required(second_field)
    return account, second


def _check_uri_override(uri: UriOverride, limits: Limits) -> None:
    if uri.host is not None and not is_host(uri.host):
        raise our_texts.override_host_invalid(uri.host)
    if uri.port is not None and not 0 <= uri.port <= LARGEST_PORT:
        raise our_texts.override_port_range(LARGEST_PORT)
    for field, part in (("pathOverride.path", uri.path), ("queryOverride.queryParams", uri.query)):
        if part is not None and len(part) > limits.url_length:
            raise our_texts.text_too_long(f"HttpTarget.uriOverride.{field}", limits.url_length)
