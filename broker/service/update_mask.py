"""What an update mask selects of a queue (Cloud Tasks specification, 3.6). Paths: v2 names in snake_case."""

from collections.abc import Sequence

from broker.service import texts

LEAVES = {
    "rate_limits.max_dispatches_per_second": "max_dispatches_per_second",
    "rate_limits.max_burst_size": "max_burst_size",
    "rate_limits.max_concurrent_dispatches": "max_concurrent_dispatches",
    "retry_config.max_attempts": "max_attempts",
    "retry_config.max_retry_duration": "max_retry_duration_us",
    "retry_config.min_backoff": "min_backoff_us",
    "retry_config.max_backoff": "max_backoff_us",
    "retry_config.max_doublings": "max_doublings",
    "stackdriver_logging_config.sampling_ratio": "sampling_ratio",
}
"""Path of each settable field -> the attribute of QueueDraft that holds its new value."""

_PARENTS = {path.partition(".")[0] for path in LEAVES}
_OUTPUT_ONLY = {"name", "state", "purge_time"}
_UNSERVED = ("app_engine_routing_override", "http_target")
_EVERYTHING = "*"


def check_mask(mask: Sequence[str]) -> None:
    """Raise HeadraceError for a path that is no field of a queue. Output-only fields are allowed."""
    for path in mask:
        known = path in LEAVES or path in _PARENTS or path in _OUTPUT_ONLY or path == _EVERYTHING
        if not known and not any(_covers(root, path) for root in _UNSERVED):
            raise texts.mask_path_unknown(path)


def selected_fields(mask: Sequence[str]) -> frozenset[str]:
    """The attributes of QueueDraft that the mask selects; an empty mask selects all.

    The path of a message selects all of its fields, so that it is replaced as a whole.
    """
    return frozenset(field for path, field in LEAVES.items() if selects(mask, path))


def selects(mask: Sequence[str], path: str) -> bool:
    """Whether the mask selects the field at `path`, or a part of it."""
    return not mask or any(entry == _EVERYTHING or _covers(entry, path) or _covers(path, entry) for entry in mask)


def _covers(parent: str, path: str) -> bool:
    return path == parent or path.startswith(f"{parent}.")
