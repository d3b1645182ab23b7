"""CreateQueue: names, defaults, and what stands in the way."""

from typing import Any

from tests.api.conformance.given import A_DELETED_QUEUE, a_queue
from tests.api.conformance.matching import Shows
from tests.api.conformance.names import BAD_LOCATION, BAD_QUEUE, LOCATION, QUEUE
from tests.api.conformance.row import Call, answers, documented, inferred, refuses, seen
from tests.api.conformance.rows.queue_retries import DEFAULT
from tests.api.conformance.texts import QUEUE_NAME_FORM, QUEUE_NAME_HELP, location_denied

_COMMON = {"name": QUEUE, "retryConfig": DEFAULT, "state": "RUNNING"}
_BETA = {"taskTtl": "2678400s", "tombstoneTtl": "3600s"}
_RATES = {"maxDispatchesPerSecond": 500, "maxBurstSize": 100, "maxConcurrentDispatches": 1000}
_OLD_RATES = {"maxTasksDispatchedPerSecond": 500, "maxBurstSize": 100, "maxConcurrentTasks": 1000}

DEFAULT_QUEUE: dict[str, dict[str, Any]] = {
    "v2": _COMMON | {"rateLimits": _RATES},
    "v2beta3": _COMMON | _BETA | {"rateLimits": _RATES, "type": "PUSH"},
    "v2beta2": _COMMON | _BETA | {"rateLimits": _OLD_RATES, "appEngineHttpTarget": {}},
}
"""All that each version shows of a queue of which nothing but the name was given."""

_THIS = {"parent": LOCATION, "queue": {"name": QUEUE}}
_ELSEWHERE = QUEUE.replace("us-central1", "europe-west1")
_LONGEST = f"{LOCATION}/queues/{'q' * 100}"
_THREE_QUEUES = [
    Call("CreateQueue", {"parent": LOCATION, "queue": {"name": f"{LOCATION}/queues/q{number}"}}) for number in range(3)
]
_BAD_NAMES = [
    ("a name of no form", "not-a-queue", seen("4.3")),
    ("a bad id", BAD_QUEUE, inferred("1.1")),
    ("an id of 101 characters", f"{_LONGEST}q", documented("1.1")),
    ("no name", "", documented("3.7")),
]
_BAD_PARENTS = [
    ("a parent that is no location", "not-a-location", seen("4.3"), "grpc"),
    ("a bad location", BAD_LOCATION, inferred("4.3"), None),
]

ROWS = [
    *(
        answers("CreateQueue", "nothing but a name", _THIS, shown, mark("2.12"), versions=[version])
        for (version, shown), mark in zip(DEFAULT_QUEUE.items(), (seen, inferred, inferred), strict=True)
    ),
    answers(
        "CreateQueue",
        "an id of 100 characters",
        {"parent": LOCATION, "queue": {"name": _LONGEST}},
        Shows({"name": _LONGEST}),
        documented("1.1"),
    ),
    answers(
        "CreateQueue",
        "output-only fields",
        {"parent": LOCATION, "queue": {"name": QUEUE, "state": "PAUSED", "purgeTime": "2026-01-01T00:00:00Z"}},
        Shows({"state": "RUNNING"}),
        documented("2.2"),
    ),
    refuses(
        "CreateQueue",
        "the name is in use",
        _THIS,
        "ALREADY_EXISTS",
        "Queue already exists",
        seen("4.3"),
        given=a_queue(),
    ),
    refuses(
        "CreateQueue",
        "the name was deleted recently",
        _THIS,
        "FAILED_PRECONDITION",
        "The queue cannot be created because a queue with this name existed too recently.",
        seen("4.3"),
        given=A_DELETED_QUEUE,
    ),
    refuses(
        "CreateQueue",
        "a name elsewhere",
        {"parent": LOCATION, "queue": {"name": _ELSEWHERE}},
        "INVALID_ARGUMENT",
        f"{_ELSEWHERE} must begin with {LOCATION}.",
        seen("4.3"),
    ),
    refuses(
        "CreateQueue",
        "a location that is full",
        _THIS,
        "RESOURCE_EXHAUSTED",
        "The location already has 3 queues. Delete one, or raise the limit queues_per_location.",
        inferred("4.3"),
        given=_THREE_QUEUES,
    ),
    *(
        refuses(
            "CreateQueue",
            case,
            {"parent": LOCATION, "queue": {"name": name}},
            "INVALID_ARGUMENT",
            QUEUE_NAME_FORM,
            mark,
            details=[QUEUE_NAME_HELP],
        )
        for case, name, mark in _BAD_NAMES
    ),
    *(
        refuses(
            "CreateQueue",
            case,
            {"parent": parent, "queue": {"name": QUEUE}},
            "PERMISSION_DENIED",
            text,
            mark,
            details=details,
            only=only,
        )
        for case, parent, mark, only in _BAD_PARENTS
        for text, details in (location_denied(parent),)
    ),
]
