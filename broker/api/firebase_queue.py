"""The configuration of a queue of Firebase's emulator -> a queue of v2 (Cloud Tasks specification, 10.2)."""

from typing import Any
from urllib.parse import urlsplit

from broker.api.json_scalars import refuse_value

DEFAULT_PORTS = {"http": 80, "https": 443}
"""The schemes that a task's URL can have, and their ports."""

_RETRY_DEFAULTS: dict[str, Any] = {
    "maxAttempts": 3,
    "maxRetrySeconds": None,
    "maxBackoffSeconds": 3600,
    "maxDoublings": 16,
    "minBackoffSeconds": 0.1,
}
_RATE_DEFAULTS: dict[str, Any] = {"maxConcurrentDispatches": 1000, "maxDispatchesPerSecond": 500}


def with_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a queue with the emulator's defaults for what is absent or null."""
    for part, defaults in (("retryConfig", _RETRY_DEFAULTS), ("rateLimits", _RATE_DEFAULTS)):
        given = {} if config.get(part) is None else config[part]
        if not isinstance(given, dict):
            refuse_value(part, "object", given)
        config[part] = defaults | {name: value for name, value in given.items() if value is not None}
    return config


def queue_object(config: dict[str, Any]) -> dict[str, Any]:
    """A Queue of v2, in JSON, that does what the emulator does with this configuration."""
    retry, rates = config["retryConfig"], config["rateLimits"]
    queue = {
        "retryConfig": {
            "maxAttempts": retry["maxAttempts"],
            "maxDoublings": retry["maxDoublings"],
            "minBackoff": f"{retry['minBackoffSeconds']}s",
            "maxBackoff": f"{retry['maxBackoffSeconds']}s",
            "maxRetryDuration": f"{retry['maxRetrySeconds'] or 0}s",
        },
        "rateLimits": {name: rates[name] for name in _RATE_DEFAULTS},
    }
    if config.get("defaultUri"):
        queue["httpTarget"] = {"uriOverride": _uri_override(config["defaultUri"])}
    return queue


def _uri_override(uri: Any) -> dict[str, Any]:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except (ValueError, AttributeError):
        refuse_value("defaultUri", "TYPE_STRING", uri)
    if parts.scheme not in DEFAULT_PORTS:
        refuse_value("defaultUri", "TYPE_STRING", uri)
    override = {
        "scheme": parts.scheme.upper(),
        "host": parts.hostname,
        "pathOverride": {"path": parts.path},
        "uriOverrideEnforceMode": "IF_NOT_EXISTS",
    }
    if parts.query:
        override["queryOverride"] = {"queryParams": parts.query}
    return override | ({"port": port} if port else {})
