"""What an update mask selects of a queue (Cloud Tasks specification, 3.6). Paths: v2 names in snake_case."""

from collections.abc import Mapping, Sequence

from broker.service import our_texts

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
"""Path of a settable field -> the attribute of QueueDraft that holds its new value."""

TARGET_LEAVES = {
    "http_target.uri_override.scheme": "scheme",
    "http_target.uri_override.host": "host",
    "http_target.uri_override.port": "port",
    "http_target.uri_override.path_override.path": "path",
    "http_target.uri_override.query_override.query_params": "query",
    "http_target.uri_override.uri_override_enforce_mode": "only_if_missing",
    "http_target.http_method": "method",
    "http_target.header_overrides": "header_overrides",
    "http_target.oauth_token.service_account_email": "oauth_account",
    "http_target.oauth_token.scope": "oauth_scope",
    "http_target.oidc_token.service_account_email": "oidc_account",
    "http_target.oidc_token.audience": "oidc_audience",
}
"""The same for the attributes of HttpTargetDraft."""

ROUTING_LEAVES = {
    "app_engine_routing_override.service": "service",
    "app_engine_routing_override.version": "version",
    "app_engine_routing_override.instance": "instance",
}
"""The same for the attributes of AppEngineRouting."""

CREATION_LEAVES = {"type": "kind", "task_ttl": "task_ttl_us", "tombstone_ttl": "tombstone_ttl_us"}
"""The same for attributes of QueueDraft that are settable only when a queue is created."""

_OUTPUT_ONLY = ("name", "state", "purge_time", "stats", "app_engine_routing_override.host")
_ALL_LEAVES = (*LEAVES, *TARGET_LEAVES, *ROUTING_LEAVES, *CREATION_LEAVES, *_OUTPUT_ONLY)
_EVERYTHING = "*"


def check_mask(mask: Sequence[str]) -> None:
    """Raise HeadraceError for a path that is no field of a queue. Output-only fields are allowed."""
    for path in mask:
        if path != _EVERYTHING and not any(_covers(path, leaf) for leaf in _ALL_LEAVES):
            raise our_texts.mask_path_unknown(path)


def selected_fields(mask: Sequence[str], leaves: Mapping[str, str] = LEAVES) -> frozenset[str]:
    """The attributes behind the leaves that the mask selects; an empty mask selects all.

    The path of a message selects all of its fields, so that it is replaced as a whole.
    """
    return frozenset(field for path, field in leaves.items() if _selects(mask, path))


def _selects(mask: Sequence[str], path: str) -> bool:
    return not mask or any(entry == _EVERYTHING or _covers(entry, path) for entry in mask)


def _covers(parent: str, path: str) -> bool:
    return path == parent or path.startswith(f"{parent}.")
