"""Rates, bursts and concurrency of queues. Their fields have other names in v2beta2; the errors are worded alike."""

from tests.api.conformance.matching import Shows
from tests.api.conformance.queue_settings import is_refused, is_set
from tests.api.conformance.row import BETAS, WITH_DEADLINES, documented, inferred, seen

_NAMES = [
    (WITH_DEADLINES, "maxDispatchesPerSecond", "maxConcurrentDispatches"),
    (("v2beta2",), "maxTasksDispatchedPerSecond", "maxConcurrentTasks"),
]
_BURSTS = {500: 100, 100: 20, 1: 10, 0.25: 10}
"""The burst sizes that were seen at a rate."""

ROWS = []
for versions, rate, concurrency in _NAMES:
    for field, said, most in ((rate, "maxDispatchesPerSecond", 500), (concurrency, "maxConcurrentDispatches", 5000)):
        below, above = (
            f"RateLimits.{said} cannot be negative.",
            f"RateLimits.{said} must be less than or equal to {most}.",
        )
        ROWS += is_refused(f"{said} below 0", {"rateLimits": {field: -1}}, below, seen("4.3"), versions=versions)
        ROWS += is_refused(f"{said} too high", {"rateLimits": {field: most + 1}}, above, seen("4.3"), versions=versions)
        limits = {"rateLimits": {field: most}}
        ROWS += is_set(
            f"highest {said}", limits, {"rateLimits": Shows(limits["rateLimits"])}, documented("2.3"), versions=versions
        )
    for value, burst in _BURSTS.items():
        limits = {rate: value, "maxBurstSize": burst, concurrency: 1000}
        ROWS += is_set(
            f"burst at {value}", {"rateLimits": {rate: value}}, {"rateLimits": limits}, seen("2.3"), versions=versions
        )
    tiny = "RateLimits.maxDispatchesPerSecond must be a number of at least 1e-09, or 0 for the default."
    for case, value in (("rate near 0", 1e-10), ("rate that is no number", "NaN")):
        ROWS += is_refused(case, {"rateLimits": {rate: value}}, tiny, inferred("2.3"), versions=versions)

ROWS += is_set(
    "negative burst",
    {"rateLimits": {"maxBurstSize": -1}},
    {"rateLimits": Shows({"maxBurstSize": 100})},
    seen("2.3"),
    versions=["v2"],
)
ROWS += is_set(
    "burst of its own",
    {"rateLimits": {"maxBurstSize": 7}},
    {"rateLimits": Shows({"maxBurstSize": 7})},
    documented("2.3"),
    versions=BETAS,
)
ROWS += is_refused(
    "burst too high", {"rateLimits": {"maxBurstSize": 501}}, "Maximum bucket size is 500.", seen("4.3"), versions=BETAS
)
ROWS += is_refused(
    "burst below 0",
    {"rateLimits": {"maxBurstSize": -1}},
    "RateLimits.maxBurstSize cannot be negative.",
    inferred("2.3"),
    versions=BETAS,
)
