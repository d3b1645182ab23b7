"""From what a caller asked for to a storable task (Cloud Tasks specification, 2.6, 2.8, 4.4 and 5.6)."""

from dataclasses import replace

from broker.model.limits import Limits
from broker.model.names import TaskName
from broker.model.retry import RetryConfig
from broker.model.task import DEFAULT_DISPATCH_DEADLINE_US, HttpRequest, NewTask, OidcToken
from broker.service import texts
from broker.service.drafts import HttpRequestDraft, TaskDraft
from broker.service.header_rules import stored_headers
from broker.service.retry_rules import check_retry_config
from broker.service.task_size import stored_bytes
from broker.service.url_rules import stored_url

_SHORTEST_DEADLINE_US = 15 * 1_000_000
_LONGEST_DEADLINE_US = 1_800 * 1_000_000


def new_task(name: TaskName, draft: TaskDraft, limits: Limits) -> NewTask:
    """The task that creating `draft` under `name` stores. Raises HeadraceError.

    A schedule time beyond the horizon is left to the store, which knows the time.
    """
    for path in draft.unserved:
        raise texts.unserved(path)
    if draft.http_request is None:
        raise texts.request_missing()
    task = NewTask(
        name=name,
        named_by_user=bool(draft.name),
        request=_request(draft.http_request, limits),
        schedule_us=_schedule_us(draft.schedule_us),
        dispatch_deadline_us=_dispatch_deadline_us(draft.dispatch_deadline_us),
        retry_config=_retry_config(draft.retry_config),
    )
    if stored_bytes(task) > limits.task_bytes:
        raise texts.task_too_large()
    return task


def _request(draft: HttpRequestDraft, limits: Limits) -> HttpRequest:
    url = stored_url(draft.url, limits.url_length)
    headers = stored_headers(draft.headers, limits.header_bytes)
    if draft.body and not draft.method.allows_body:
        raise texts.body_not_allowed(draft.method)
    return HttpRequest(url, draft.method, headers, draft.body, _oidc_token(draft.oidc_token))


def _oidc_token(token: OidcToken | None) -> OidcToken | None:
    if token is not None and not token.service_account_email:
        raise texts.token_without_account()
    return token


def _schedule_us(given_us: int | None) -> int | None:
    """The schedule time; None, which means now, for one before 1970 too."""
    return given_us if given_us and given_us > 0 else None


def _dispatch_deadline_us(given_us: int | None) -> int:
    """The dispatch deadline, cut to whole milliseconds."""
    if given_us is None:
        return DEFAULT_DISPATCH_DEADLINE_US
    deadline_us = given_us - given_us % 1000
    if not _SHORTEST_DEADLINE_US <= deadline_us <= _LONGEST_DEADLINE_US:
        raise texts.dispatch_deadline_range()
    return deadline_us


def _retry_config(given: RetryConfig | None) -> RetryConfig | None:
    if given is None:
        return None
    config = replace(given, max_attempts=given.max_attempts or RetryConfig().max_attempts)
    check_retry_config(config)
    return config
