"""From what a caller asked for to a storable task (Cloud Tasks specification, 2.6 to 2.9, 4.4 and 5.6)."""

from dataclasses import replace

from broker.model.app_engine import DEFAULT_DOMAIN
from broker.model.limits import Limits
from broker.model.names import TaskName
from broker.model.retry import RetryConfig
from broker.model.task import (
    DEFAULT_DISPATCH_DEADLINE_US,
    AppEngineHttpRequest,
    HttpMethod,
    HttpRequest,
    NewTask,
    OauthToken,
    OidcToken,
    PullMessage,
    TaskRequest,
)
from broker.service import our_texts, pull_texts, texts
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, TaskDraft
from broker.service.header_rules import stored_app_engine_headers, stored_headers
from broker.service.retry_rules import check_retry_config
from broker.service.routing_rules import check_app_engine_routing
from broker.service.task_size import fits
from broker.service.url_rules import stored_relative_uri, stored_url

_SHORTEST_DEADLINE_US = 15 * 1_000_000
_LONGEST_DEADLINE_US = 1_800 * 1_000_000
_LONGEST_APP_ENGINE_DEADLINE_US = (86_400 + 15) * 1_000_000
_APP_ENGINE_METHODS_WITH_BODY = (HttpMethod.POST, HttpMethod.PUT)


def new_task(
    name: TaskName,
    draft: TaskDraft,
    limits: Limits,
    *,
    url_required: bool = True,
    app_engine_domain: str = DEFAULT_DOMAIN,
) -> NewTask:
    """The task that creating `draft` under `name` stores. Raises HeadraceError.

    A schedule time beyond the horizon is left to the store, which knows the time. The URL of an HTTP task may be
    missing where the queue's routing names a host. The domain of App Engine services counts in a task's size.
    """
    request = _request(draft, limits, url_required)
    task = NewTask(
        name=name,
        named_by_user=bool(draft.name),
        request=request,
        schedule_us=draft.schedule_us if draft.keeps_past_schedule else _schedule_us(draft.schedule_us),
        dispatch_deadline_us=_deadline_us(request, draft.dispatch_deadline_us),
        retry_config=_retry_config(draft.retry_config),
        keeps_past_schedule=draft.keeps_past_schedule,
    )
    if not fits(task, limits.task_bytes, app_engine_domain):
        raise texts.task_too_large()
    return task


def _request(draft: TaskDraft, limits: Limits, url_required: bool) -> TaskRequest:
    if draft.http_request is not None:
        return _http_request(draft.http_request, limits, url_required)
    if draft.app_engine_request is not None:
        return _app_engine_request(draft.app_engine_request, limits)
    if draft.pull_message is not None:
        return _pull_message(draft.pull_message, limits)
    raise our_texts.request_missing()


def _http_request(draft: HttpRequestDraft, limits: Limits, url_required: bool) -> HttpRequest:
    url = stored_url(draft.url, limits.url_length) if draft.url or url_required else ""
    headers = stored_headers(draft.headers, limits.header_bytes)
    if draft.body and not draft.method.allows_body:
        raise our_texts.body_not_allowed(draft.method)
    _check_token(draft.oidc_token or draft.oauth_token)
    return HttpRequest(url, draft.method, headers, draft.body, draft.oidc_token, draft.oauth_token)


def _app_engine_request(draft: AppEngineRequestDraft, limits: Limits) -> AppEngineHttpRequest:
    uri = stored_relative_uri(draft.relative_uri, limits.url_length)
    headers = stored_app_engine_headers(draft.headers, draft.body)
    if draft.body and draft.method not in _APP_ENGINE_METHODS_WITH_BODY:
        raise our_texts.body_not_allowed(draft.method)
    check_app_engine_routing(draft.routing)
    return AppEngineHttpRequest(uri, draft.method, headers, draft.body, draft.routing)


def _pull_message(message: PullMessage, limits: Limits) -> PullMessage:
    """App Engine measures a tag in bytes, Cloud Tasks in characters: it is too long only if both find it so."""
    largest = limits.tag_bytes
    if len(message.tag) > largest and len(message.tag.decode(errors="replace")) >= largest:
        raise pull_texts.tag_too_long(largest - 1, "characters")
    return message


def _check_token(token: OidcToken | OauthToken | None) -> None:
    if token is not None and not token.service_account_email:
        raise texts.token_without_account()


def _schedule_us(given_us: int | None) -> int | None:
    """The schedule time; None, which means now, for one before 1970 too."""
    return given_us if given_us and given_us > 0 else None


def _deadline_us(request: TaskRequest, given_us: int | None) -> int | None:
    """The dispatch deadline, cut to whole milliseconds. App Engine tasks can leave it open; pull tasks have none."""
    if isinstance(request, PullMessage):
        return None
    if isinstance(request, AppEngineHttpRequest):
        return _in_range(given_us, _LONGEST_APP_ENGINE_DEADLINE_US, "24h15s") if given_us else None
    return DEFAULT_DISPATCH_DEADLINE_US if given_us is None else _in_range(given_us, _LONGEST_DEADLINE_US, "30m")


def _in_range(given_us: int, longest_us: int, longest: str) -> int:
    deadline_us = given_us - given_us % 1000
    if not _SHORTEST_DEADLINE_US <= deadline_us <= longest_us:
        raise texts.dispatch_deadline_range(longest)
    return deadline_us


def _retry_config(given: RetryConfig | None) -> RetryConfig | None:
    if given is None:
        return None
    config = replace(given, max_attempts=given.max_attempts or RetryConfig().max_attempts)
    check_retry_config(config)
    return config
