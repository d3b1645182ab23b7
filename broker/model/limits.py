"""Every limit a caller can run into, with Google's values as defaults (Cloud Tasks specification, section 6).

Of the calls a minute, Google's service caps four kinds; here they have no cap (0) unless one is set.
"""

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any


def _limit(default: float, unit: str, meaning: str) -> Any:
    return field(default=default, metadata={"unit": unit, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in words."""

    name: str
    value: float
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force. Each field is also the NAME of `--limit NAME=VALUE`."""

    max_dispatches_per_second: float = _limit(500, "tasks/s", "highest rate that a queue can be given")
    max_burst_size: int = _limit(500, "tasks", "largest burst size that a queue can be given")
    max_concurrent_dispatches: int = _limit(5000, "tasks", "highest concurrency that a queue can be given")
    task_bytes: int = _limit(1_048_569, "bytes", "largest task, as a serialized message; Google: 1 MiB less 7 bytes")
    header_bytes: int = _limit(81_920, "bytes", "all headers of a task together")
    url_length: int = _limit(2083, "characters", "longest URL of a task, percent-encoded")
    schedule_horizon_s: int = _limit(2_592_000, "seconds", "how far ahead a task can be scheduled; Google: 30 days")
    task_ttl_s: int = _limit(
        2_678_400, "seconds", "how long a task can exist; a queue keeps its first value; Google: 31 days"
    )
    task_tombstone_s: int = _limit(
        3_600, "seconds", "how long the name of a finished or deleted task stays taken; a queue keeps its first value"
    )
    queue_tombstone_s: int = _limit(
        259_200, "seconds", "how long the name of a deleted queue stays taken; Google: 3 days"
    )
    queues_per_location: int = _limit(1000, "queues", "most queues of a project in a location")
    tag_bytes: int = _limit(500, "bytes", "longest tag of a pull task")
    lease_max_tasks: int = _limit(1000, "tasks", "most pull tasks that one call leases")
    lease_max_s: int = _limit(604_800, "seconds", "longest lease of a pull task; Google: 7 days")
    lease_response_bytes: int = _limit(33_554_432, "bytes", "most payload that one lease call answers; Google: 32 MiB")
    leases_per_second: int = _limit(10, "calls/s", "lease calls of one pull queue; 0: no cap")
    batch_create_tasks: int = _limit(100, "tasks", "most tasks in one BatchCreateTasks call")
    batch_create_bytes: int = _limit(10_485_760, "bytes", "largest BatchCreateTasks call; Google: 10 MiB")
    batch_delete_tasks: int = _limit(1000, "tasks", "most tasks in one BatchDeleteTasks call")
    batch_request_id_s: int = _limit(
        604_800, "seconds", "how long the request_id of a batch is remembered; Google: 7 days"
    )
    run_task_per_minute: int = _limit(0, "calls/min", "RunTask calls of a project in a location; 0: no cap; Google: 60")
    list_calls_per_minute: int = _limit(
        0, "calls/min", "ListQueues and ListTasks calls of a project in a location; 0: no cap; Google: 600"
    )
    queue_calls_per_minute: int = _limit(
        0,
        "calls/min",
        "CreateQueue, UpdateQueue and ResumeQueue calls of a project in a location; 0: no cap; Google: about 100",
    )
    api_calls_per_minute: int = _limit(
        0, "calls/min", "all calls of a project in a location; 0: no cap; Google: 6000000"
    )

    def rows(self) -> list[LimitRow]:
        """The limits in words, in the order of the specification."""
        return [
            LimitRow(f.name, getattr(self, f.name), f.metadata["unit"], f.metadata["meaning"]) for f in fields(self)
        ]

    def with_overrides(self, overrides: dict[str, float]) -> "Limits":
        """These limits with some replaced. Raises ValueError naming the limit and the remedy."""
        kinds = {field.name: field.type for field in fields(self)}
        changed: dict[str, float | int] = {}
        for name, value in overrides.items():
            if name not in kinds:
                raise ValueError(f"unknown limit {name!r}; known limits are {', '.join(kinds)}")
            if not math.isfinite(value):
                raise ValueError(f"limit {name} must be a finite number, got {value:g}")
            if value < 0:
                raise ValueError(f"limit {name} must not be negative, got {value:g}")
            if kinds[name] in (int, "int") and value != int(value):
                raise ValueError(f"limit {name} must be a whole number, got {value:g}")
            changed[name] = value if kinds[name] in (float, "float") else int(value)
        return replace(self, **changed)  # type: ignore[arg-type]  # checked against the fields above
