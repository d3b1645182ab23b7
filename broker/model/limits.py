"""Every limit a caller can run into, with Google's values as defaults (Cloud Tasks specification, section 6)."""

import math
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force. Each field is also the NAME of `--limit NAME=VALUE`."""

    max_dispatches_per_second: float = 500
    max_burst_size: int = 500
    max_concurrent_dispatches: int = 5000
    task_bytes: int = 1_048_569
    """Serialized size of the stored task: 1 MiB less 7 bytes, as measured at Google's service."""
    header_bytes: int = 81_920
    url_length: int = 2083
    schedule_horizon_s: int = 2_592_000
    task_ttl_s: int = 2_678_400
    task_tombstone_s: int = 3_600
    queue_tombstone_s: int = 259_200
    queues_per_location: int = 1000

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
