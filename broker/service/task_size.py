"""How large a task is (Cloud Tasks specification, section 6, "what is measured").

The measure is the serialized google.cloud.tasks.v2.Task as stored: defaults filled in, the view left out, of App Engine
routing the host alone. It is computed by arithmetic: every field number is below 16, so every field key takes one byte.
"""

import math

from broker.model.app_engine import DEFAULT_DOMAIN, app_domain
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, HttpRequest, NewTask, PullMessage, TaskRequest

# Whole seconds from 1978 to 3058 take five bytes, and so do most fractions of a second in nanoseconds.
_CREATE_TIME_BYTES = 8
_WIDEST_TIME_BYTES = 14
_METHOD_BYTES = 2

# A name has at most 761 characters, which are ASCII; times and a retry configuration take less than 200 bytes.
_MOST_OTHER_BYTES = 1024
_OVERHEAD_BYTES = 16


def fits(task: NewTask, largest_bytes: int, app_engine_domain: str = DEFAULT_DOMAIN) -> bool:
    """Whether `stored_bytes` is at most that. Of most tasks a generous estimate tells."""
    return _most_bytes(task.request) <= largest_bytes or stored_bytes(task, app_engine_domain) <= largest_bytes


def stored_bytes(task: NewTask, app_engine_domain: str = DEFAULT_DOMAIN) -> int:
    """Serialized size of the stored task; `{project}` in the domain of App Engine services stands for its project.

    Exact for a task with a schedule time. One that is scheduled by the store counts with the widest
    timestamp, so that whether it fits does not depend on the microsecond.
    """
    size = _text(str(task.name)) + _CREATE_TIME_BYTES
    size += _WIDEST_TIME_BYTES if task.schedule_us is None else _time(task.schedule_us)
    size += _field(_request(task, app_engine_domain))
    if task.dispatch_deadline_us is not None:
        size += _time(task.dispatch_deadline_us)
    if task.retry_config is not None:
        size += _field(_retry_config(task.retry_config))
    return size


def _most_bytes(request: TaskRequest) -> float:
    """No less than a task with this request has, whatever its name; infinite for the requests that are rare."""
    if not isinstance(request, HttpRequest) or request.oidc_token or request.oauth_token:
        return math.inf
    characters = len(request.url)
    for name, value in request.headers:
        characters += len(name) + len(value) + _OVERHEAD_BYTES
    return len(request.body) + 4 * characters + _MOST_OTHER_BYTES


def _request(task: NewTask, app_engine_domain: str) -> int:
    request = task.request
    if isinstance(request, PullMessage):
        return sum(_field(len(part)) for part in (request.body, request.tag) if part)
    size = _METHOD_BYTES
    for name, value in request.headers:
        size += _field(_field(_length(name)) + _field(_length(value)))
    if request.body:
        size += _field(len(request.body))
    if isinstance(request, AppEngineHttpRequest):
        domain = app_domain(app_engine_domain, task.name.queue.project)
        return size + _text(request.relative_uri) + _field(_text(request.routing.in_domain(domain).host))
    return size + _http_part(request)


def _http_part(request: HttpRequest) -> int:
    size = _text(request.url)
    if (oidc := request.oidc_token) is not None:
        size += _field(_text(oidc.service_account_email) + _text(oidc.audience))
    if (oauth := request.oauth_token) is not None:
        size += _field(_text(oauth.service_account_email) + _text(oauth.scope))
    return size


def _retry_config(config: RetryConfig) -> int:
    size = _integer(config.max_attempts) + _integer(config.max_doublings)
    size += _time(config.min_backoff_us) + _time(config.max_backoff_us)
    if config.max_retry_duration_us:
        size += _time(config.max_retry_duration_us)
    return size


def _time(time_us: int) -> int:
    """A Timestamp or a Duration: both are seconds and nanoseconds."""
    seconds, microseconds = divmod(time_us, 1_000_000)
    return _field(_integer(seconds) + _integer(microseconds * 1000))


def _text(text: str) -> int:
    return _field(_length(text)) if text else 0


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _integer(value: int) -> int:
    """An integer field; zero is left out."""
    return 1 + _varint(value) if value else 0


def _field(payload_bytes: int) -> int:
    """A field that carries its length: text, bytes or a message."""
    return 1 + _varint(payload_bytes) + payload_bytes


def _varint(value: int) -> int:
    """Seven bits a byte; a negative number takes ten bytes."""
    return max(1, -(-value.bit_length() // 7)) if value >= 0 else 10
