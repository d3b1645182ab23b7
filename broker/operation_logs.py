"""Operation logs: a line of JSON for what is done with a task, shaped as in Cloud Logging (Cloud Tasks spec., 5.14).

A queue's sampling ratio is the share of its tasks that are logged: of one task all lines are there, or none. A line
holds neither headers nor body, and no credentials of a URL.
"""

import json
import logging
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from broker.model.names import TaskName

LOGGER = "headrace.operations"

_log = logging.getLogger(LOGGER)
_HASH_BYTES = 8
_userinfo = re.compile(r"(?<=://)[^/?#@]*@")


class Operation(StrEnum):
    """What is logged. The value is the field that tells of it."""

    CREATION = "taskCreationLog"
    DISPATCH = "attemptDispatchLog"
    RESPONSE = "attemptResponseLog"


class TargetType(StrEnum):
    """Where a task goes."""

    HTTP = "HTTP"
    APP_ENGINE = "APP_ENGINE"
    PULL = "PULL"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a task goes, and with which method; no address if a worker fetches it."""

    type: TargetType
    method: str = ""
    url: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The target as lines show it."""
        address = f"{self.method} {_userinfo.sub('', self.url)}".strip()
        return ({"targetAddress": address} if address else {}) | {"targetType": self.type.value}


def is_sampled(task: TaskName, ratio: float) -> bool:
    """Whether the operations of this task are logged where this share of the tasks is. Every node answers the same."""
    if not ratio:
        return False
    digest = blake2b(str(task).encode(), digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest) < ratio * (1 << 8 * _HASH_BYTES)


def write(task: TaskName, operation: Operation, target: Target, status: str, fields: dict[str, Any]) -> None:
    """Log one operation. `status` is a canonical code by name; `fields` are those of this operation."""
    queue = task.queue
    told = dict(sorted((fields | target.fields | {"status": status}).items()))
    line = {
        "logName": f"projects/{queue.project}/logs/cloudtasks.googleapis.com%2Ftask_operations_log",
        "timestamp": moment(time.time_ns() // 1000),
        "severity": "INFO" if status == "OK" else "ERROR",
        "resource": {
            "type": "cloud_tasks_queue",
            "labels": {
                "project_id": queue.project,
                "location": queue.location,
                "queue_id": queue.queue_id,
                "target_type": target.type.value,
            },
        },
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog",
            "task": str(task),
            operation.value: told,
        },
    }
    _log.info("%s", json.dumps(line, separators=(",", ":")))


def moment(time_us: int) -> str:
    """A time (us since the epoch) in RFC 3339, with 0, 3 or 6 digits behind the second."""
    seconds, microseconds = divmod(time_us, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + _fraction(microseconds) + "Z"


def span(duration_us: int) -> str:
    """A duration (us) in seconds, with 0, 3 or 6 digits behind the point."""
    seconds, microseconds = divmod(duration_us, 1_000_000)
    return f"{seconds}{_fraction(microseconds)}s"


def _fraction(microseconds: int) -> str:
    if not microseconds:
        return ""
    digits = f"{microseconds:06d}"
    return "." + (digits[:3] if digits.endswith("000") else digits)
