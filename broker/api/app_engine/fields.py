"""Fields of messages as the use cases know them, and back."""

from typing import Any

from broker.model.queue import QueueKind
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.model.task import HttpMethod
from broker.service.app_engine.drafts import AddDraft, RetryDraft

METHODS = {
    1: HttpMethod.GET,
    2: HttpMethod.POST,
    3: HttpMethod.HEAD,
    4: HttpMethod.PUT,
    5: HttpMethod.DELETE,
}
METHOD_NUMBERS = {method: number for number, method in METHODS.items()}
_PULL = 1


def text(raw: bytes) -> str:
    """A name. Bytes that are not UTF-8 become a character that no name may have."""
    return raw.decode(errors="replace")


def given(message: Any, field: str) -> Any:
    """The value of an optional field, None if it is absent."""
    return getattr(message, field) if message.HasField(field) else None


def kind_of(mode: int) -> QueueKind:
    """The kind of queue that a mode means; an unknown mode counts as absent, as everywhere in proto2."""
    return QueueKind.PULL if mode == _PULL else QueueKind.PUSH


def mode_of(kind: QueueKind) -> int:
    """The mode of a kind of queue."""
    return int(kind is QueueKind.PULL)


def read_add(request: Any) -> AddDraft:
    """An AddRequest."""
    return AddDraft(
        queue_id=text(request.queue_name),
        task_id=text(request.task_name),
        eta_us=request.eta_usec,
        kind=kind_of(request.mode),
        request_bytes=request.ByteSize(),
        app_id=text(request.app_id),
        url=text(request.url),
        method=METHODS.get(request.method, HttpMethod.POST),
        headers=tuple((_header_text(header.key), _header_text(header.value)) for header in request.header),
        body=given(request, "body"),
        tag=request.tag,
        retry=read_retry(request),
        dispatch_deadline_us=given(request, "dispatch_deadline_usec"),
        is_cron=request.HasField("crontimetable"),
        is_transactional=request.HasField("transaction") or request.HasField("datastore_transaction"),
    )


def read_retry(message: Any) -> RetryDraft | None:
    """The retry parameters of a message, None if it has none."""
    if not message.HasField("retry_parameters"):
        return None
    parameters = message.retry_parameters
    fields = ("retry_limit", "age_limit_sec", "min_backoff_sec", "max_backoff_sec", "max_doublings")
    return RetryDraft(*(given(parameters, field) for field in fields))


def write_retry(config: RetryConfig, kind: QueueKind, parameters: Any) -> None:
    """Fill in retry parameters; limits that there are none of stay absent."""
    is_push = kind is QueueKind.PUSH
    if config.max_attempts != UNLIMITED_ATTEMPTS:
        parameters.retry_limit = config.max_attempts - is_push  # the first attempt is no retry, the first lease counts
    if is_push:
        if config.max_retry_duration_us:
            parameters.age_limit_sec = config.max_retry_duration_us // 1_000_000
        parameters.min_backoff_sec = config.min_backoff_us / 1e6
        parameters.max_backoff_sec = config.max_backoff_us / 1e6
        parameters.max_doublings = config.max_doublings


def _header_text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
