"""From a task that a caller of the App Engine API adds to one that is stored (App Engine specification, 2.4)."""

from broker.model.app_engine import app_domain
from broker.model.names import is_task_id, new_task_id
from broker.model.queue import Queue, QueueKind
from broker.model.task import NewTask, PullMessage, TaskRequest
from broker.service import pull_texts
from broker.service.app_engine.drafts import AddDraft
from broker.service.app_engine.errors import Result, TaskQueueError
from broker.service.app_engine.push_rules import push_request
from broker.service.app_engine.retry_rules import retry_config
from broker.service.broker import Broker

_HORIZON_US = 30 * 86_400 * 1_000_000
_LARGEST_BYTES = {QueueKind.PULL: 1_048_576, QueueKind.PUSH: 102_400}


def new_task(broker: Broker, queue: Queue, draft: AddDraft, now_us: int) -> NewTask:
    """The task that adding `draft` to a queue stores. Raises HeadraceError for the first rule that it breaks."""
    if draft.task_id and not is_task_id(draft.task_id):
        raise TaskQueueError(
            Result.INVALID_TASK_NAME, "A task's name must have 1 to 500 letters, digits, underscores and hyphens."
        )
    if not 0 <= draft.eta_us <= now_us + _HORIZON_US:
        raise TaskQueueError(Result.INVALID_ETA, "The ETA must be at most 30 days ahead, and not negative.")
    if draft.is_cron:
        raise TaskQueueError(Result.PERMISSION_DENIED, "Cron tasks cannot be added.")
    if draft.request_bytes > _LARGEST_BYTES[draft.kind]:
        raise TaskQueueError(
            Result.TASK_TOO_LARGE, f"A {draft.kind.lower()} task must have at most {_LARGEST_BYTES[draft.kind]} bytes."
        )
    request = _request(broker, queue, draft)
    return NewTask(
        name=queue.name.task(draft.task_id or new_task_id()),
        named_by_user=bool(draft.task_id),
        request=request,
        schedule_us=draft.eta_us,
        dispatch_deadline_us=draft.dispatch_deadline_us if draft.kind is QueueKind.PUSH else None,
        retry_config=None if draft.retry is None else retry_config(draft.retry, draft.kind),
        keeps_past_schedule=draft.kind is QueueKind.PULL,
    )


def _request(broker: Broker, queue: Queue, draft: AddDraft) -> TaskRequest:
    if draft.kind is QueueKind.PUSH:
        domain = app_domain(broker.app_engine_domain, queue.name.project)
        return push_request(draft, broker.limits.url_length, domain)
    if draft.body is None:
        raise TaskQueueError(Result.INVALID_REQUEST, "A pull task needs a body, which may be empty.")
    if len(draft.tag) > broker.limits.tag_bytes:
        raise pull_texts.tag_too_long(broker.limits.tag_bytes, "bytes")
    return PullMessage(draft.body, draft.tag)
