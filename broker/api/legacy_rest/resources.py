"""Tasks and queues as the JSON of the legacy REST API (5.3)."""

import json
from collections.abc import Sequence
from typing import Any

from broker.api.json_scalars import shown
from broker.api.legacy_rest.faults import invalid, required
from broker.api.legacy_rest.payloads import decode_payload, encode_payload
from broker.model.queue import NO_ACL, Queue, QueueStats
from broker.model.retry import UNLIMITED_ATTEMPTS
from broker.model.task import PullMessage, Task

_SECOND_US = 1_000_000
_INT64 = (-(2**63), 2**63 - 1)


class TaskBody:
    """The task in a request. What a caller cannot set is not looked at; a reader raises INVALID_ARGUMENT."""

    def __init__(self, body: bytes) -> None:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise invalid("The request body must be a JSON object.") from None
        if not isinstance(value, dict):
            raise invalid("The request body must be a JSON object.")
        self._fields: dict[str, Any] = value

    def text(self, name: str) -> str:
        """A text; empty if it is absent."""
        value = self._fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or (not value.isascii() and not _is_encodable(value)):
            raise invalid(f"Invalid value for {name}: {shown(value)} is not a string.")
        return value

    def required_text(self, name: str) -> str:
        """A text that must be there."""
        text = self.text(name)
        if not text:
            raise required(name)
        return text

    def timestamp_us(self) -> int | None:
        """The lease timestamp, None if it is absent."""
        value = self._fields.get("leaseTimestamp")
        if value is None:
            return None
        number = _integer(value)
        if number is None or not _INT64[0] <= number <= _INT64[1]:
            raise invalid(
                f"Invalid value for leaseTimestamp: {shown(value)} is no time. Write microseconds since 1970."
            )
        return number

    def message(self, *, allow_standard: bool) -> PullMessage:
        """The payload and the tag; the payload must be there, and may be empty. It is read by `decode_payload`."""
        if self._fields.get("payloadBase64") is None:
            raise required("payloadBase64")
        payload = decode_payload(self.text("payloadBase64"), allow_standard=allow_standard)
        return PullMessage(payload, self.text("tag").encode())


def task_resource(task: Task, *, queue_name: str = "", with_payload: bool = True) -> dict[str, Any]:
    """A task. `queue_name` stands in for the queue's short name where answers have a longer one."""
    resource: dict[str, Any] = {
        "kind": "taskqueues#task",
        "id": task.name.task_id,
        "queueName": queue_name or task.name.queue.queue_id,
        "enqueueTimestamp": str(task.create_us),
        "leaseTimestamp": str(task.schedule_us),
        "retry_count": task.dispatch_count,
    }
    if with_payload:
        resource["payloadBase64"] = encode_payload(task.request.body)
    if isinstance(task.request, PullMessage) and task.request.tag:
        resource["tag"] = task.request.tag.decode(errors="replace")
    return resource


def tasks_resource(kind: str, tasks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several tasks; without items if there are none, which workers look at."""
    return {"kind": kind} | ({"items": list(tasks)} if tasks else {})


def queue_resource(queue: Queue, stats: QueueStats | None) -> dict[str, Any]:
    """A queue; statistics only if they were asked for."""
    resource: dict[str, Any] = {"kind": "taskqueues#taskqueue", "id": queue.name.queue_id}
    if queue.retry_config.max_attempts != UNLIMITED_ATTEMPTS:
        resource["maxLeases"] = queue.retry_config.max_attempts
    if queue.acl != NO_ACL:
        resource["acl"] = {"consumerEmails": list(queue.acl.users), "producerEmails": list(queue.acl.writers)}
    if stats:
        resource["stats"] = {
            "totalTasks": stats.tasks,
            "oldestTask": str((stats.next_us or 0) // _SECOND_US),
            "leasedLastMinute": str(stats.executed_last_minute),
            "leasedLastHour": str(stats.executed_last_hour),
        }
    return resource


def _integer(value: Any) -> int | None:
    """A whole number, as JSON has it or as decimal digits in a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
