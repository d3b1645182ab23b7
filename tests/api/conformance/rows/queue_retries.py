"""Retry configurations of queues."""

from tests.api.conformance.queue_settings import is_refused, is_set
from tests.api.conformance.row import WITH_DEADLINES, documented, inferred, seen

DEFAULT = {"maxAttempts": 100, "maxDoublings": 16, "minBackoff": "0.100s", "maxBackoff": "3600s"}
_UNLIMITED = {name: value for name, value in DEFAULT.items() if name != "maxAttempts"} | {"unlimitedAttempts": True}
_CROSSED = "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff."

_SET = [
    ("0.10s", {"minBackoff": "0.10s"}, DEFAULT, seen("2.4")),
    ("5.000s", {"maxBackoff": "5.000s"}, DEFAULT | {"maxBackoff": "5s"}, seen("2.4")),
    ("a sub-second back-off", {"minBackoff": "0.001s"}, DEFAULT | {"minBackoff": "0.001s"}, inferred("2.4")),
    ("no limit of age", {"maxRetryDuration": "0s"}, DEFAULT, seen("2.4")),
    ("a limit of age", {"maxRetryDuration": "1.5s"}, DEFAULT | {"maxRetryDuration": "1.500s"}, inferred("2.4")),
    ("0 attempts", {"maxAttempts": 0}, DEFAULT, inferred("2.4")),
    ("no doublings", {"maxDoublings": 0}, DEFAULT, inferred("2.4")),
]
_REFUSED = [
    ("attempts below -1", {"maxAttempts": -2}, "RetryConfig.maxAttempts must be greater or equal to -1.", seen("4.3")),
    ("doublings below 0", {"maxDoublings": -1}, "RetryConfig.maxDoublings cannot be negative.", seen("4.3")),
    ("minBackoff below 0", {"minBackoff": "-1s"}, "RetryConfig.minBackoff cannot be negative.", seen("4.3")),
    ("maxBackoff below 0", {"maxBackoff": "-1s"}, "RetryConfig.maxBackoff cannot be negative.", inferred("4.3")),
    ("age below 0", {"maxRetryDuration": "-1s"}, "RetryConfig.maxRetryDuration cannot be negative.", inferred("4.3")),
    ("back-offs crossed", {"minBackoff": "10s", "maxBackoff": "5s"}, _CROSSED, seen("4.3")),
    ("minBackoff above the default maxBackoff", {"minBackoff": "3601s"}, _CROSSED, inferred("2.4")),
    (
        "a duration of 286 years",
        {"maxBackoff": "9007199255s"},
        "RetryConfig.maxBackoff must be less than or equal to 9007199254s.",
        inferred("2.4"),
    ),
]

ROWS = [
    *(row for case, config, text, mark in _REFUSED for row in is_refused(case, {"retryConfig": config}, text, mark)),
    *(
        row
        for case, config, shown, mark in _SET
        for row in is_set(case, {"retryConfig": config}, {"retryConfig": shown}, mark)
    ),
    *is_set(
        "unlimited attempts",
        {"retryConfig": {"maxAttempts": -1}},
        {"retryConfig": DEFAULT | {"maxAttempts": -1}},
        documented("2.4"),
        versions=WITH_DEADLINES,
    ),
    *is_set(
        "unlimited attempts",
        {"retryConfig": {"unlimitedAttempts": True}},
        {"retryConfig": _UNLIMITED},
        documented("2.4"),
        versions=["v2beta2"],
    ),
]
