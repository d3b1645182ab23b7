"""Pull queues: leases of tasks. The calls are v2beta2's; the other versions show what they know."""

from tests.api.conformance.given import (
    A_LEASED_TASK,
    A_PULL_QUEUE,
    A_PULL_TASK,
    LEASE,
    PULL_MESSAGE,
    a_queue,
    a_task,
)
from tests.api.conformance.matching import MICROSECOND, Earlier, Shows
from tests.api.conformance.names import BAD_QUEUE, IN_AN_HOUR, LOCATION, QUEUE, TASK, TASK_OF_BAD_QUEUE
from tests.api.conformance.row import BETAS, Call, answers, documented, inferred, refuses
from tests.api.conformance.texts import (
    ENTITY_MISSING,
    QUEUE_MISSING,
    QUEUE_NAME_FORM,
    QUEUE_NAME_HELP,
    TASK_GONE,
    TASK_NAME_FORM,
)

_PROOF = Earlier("tasks.0.scheduleTime")
_LEASE = LEASE.request
_ACKNOWLEDGE = {"name": TASK, "scheduleTime": _PROOF}
_RENEW = _ACKNOWLEDGE | {"leaseDuration": "60s"}
_ON_LEASES = {"AcknowledgeTask": _ACKNOWLEDGE, "RenewLease": _RENEW, "CancelLease": _ACKNOWLEDGE}
_LATE = {"scheduleTime": IN_AN_HOUR}
_PAUSE = Call("PauseQueue", {"name": QUEUE})
_TAG_ONLY = {"pullMessage": {"tag": "blue"}}
_PUSH_QUEUE = "The queue dispatches its tasks itself: only those of a pull queue can be leased."
_PAUSED = "The queue is paused or disabled. Resume it first."
_EXPIRED = "The task lease has expired: the schedule time is not the task's present one, or it is past."
_CAPPED = "The queue takes 3 lease calls a second. Lease more tasks with each call, or raise leases_per_second."
_NO_DURATION = "lease_duration must be set, to at least 1s; fractions of a second are cut off."
_FILTER = "filter is 'colour=blue', but must be tag=TAG, tag=\"TAG\" or tag_function=oldest_tag()."

_SHOWN = [
    answers(
        "CreateQueue",
        "a pull queue",
        {"parent": LOCATION, "queue": {"name": QUEUE, "pullTarget": {}}},
        {
            "name": QUEUE,
            "pullTarget": {},
            "rateLimits": {"maxTasksDispatchedPerSecond": 500, "maxBurstSize": 100, "maxConcurrentTasks": -1},
            "retryConfig": {
                "unlimitedAttempts": True,
                "maxDoublings": 16,
                "minBackoff": "0.100s",
                "maxBackoff": "3600s",
            },
            "state": "RUNNING",
            "taskTtl": "2678400s",
            "tombstoneTtl": "3600s",
        },
        inferred("2.3"),
        versions=["v2beta2"],
    ),
    answers(
        "CreateQueue",
        "a pull queue",
        {"parent": LOCATION, "queue": {"name": QUEUE, "type": "PULL"}},
        Shows({"type": "PULL", "state": "RUNNING"}),
        documented("2.1"),
        versions=["v2beta3"],
    ),
    answers("GetQueue", "a pull queue", {"name": QUEUE}, Shows({"name": QUEUE}), inferred("2.1"), given=A_PULL_QUEUE),
    *(
        answers(
            "GetTask",
            f"a pull task, {view}",
            {"name": TASK, "responseView": view},
            Shows({"name": TASK, "view": view} | message),
            inferred("2.7"),
            given=A_PULL_TASK,
            versions=BETAS,
        )
        for view, message in (("BASIC", _TAG_ONLY), ("FULL", PULL_MESSAGE))
    ),
    answers(
        "CreateTask",
        "a pull task",
        {"parent": QUEUE, "task": PULL_MESSAGE},
        Shows(_TAG_ONLY | {"view": "BASIC"}),
        documented("5.12"),
        given=A_PULL_QUEUE,
        versions=["v2beta2"],
    ),
    refuses(
        "CreateTask",
        "a long tag",
        {"parent": QUEUE, "task": {"pullMessage": {"tag": "t" * 501}}},
        "INVALID_ARGUMENT",
        "The tag of a pull task must have at most 499 characters.",
        documented("2.11"),
        given=A_PULL_QUEUE,
        versions=["v2beta2"],
    ),
]

_LEASED = [
    answers(
        "LeaseTasks",
        "a task",
        _LEASE,
        {
            "tasks": [
                Shows({"name": TASK, "scheduleTime": MICROSECOND, "status": {"attemptDispatchCount": 1}, **_TAG_ONLY})
            ]
        },
        documented("5.12"),
        given=A_PULL_TASK,
    ),
    answers(
        "LeaseTasks",
        "a task in full",
        _LEASE | {"responseView": "FULL"},
        {"tasks": [Shows(PULL_MESSAGE)]},
        documented("5.12"),
        given=A_PULL_TASK,
    ),
    answers("LeaseTasks", "a task that is leased", _LEASE, {}, documented("5.12"), given=A_LEASED_TASK),
    *(
        answers("LeaseTasks", f"by {text}", _LEASE | {"filter": text}, found, documented("5.12"), given=A_PULL_TASK)
        for text, found in (
            ("tag=blue", {"tasks": [Shows(_TAG_ONLY)]}),
            ('tag="blue"', {"tasks": [Shows(_TAG_ONLY)]}),
            ("tag_function=oldest_tag()", {"tasks": [Shows(_TAG_ONLY)]}),
            ("tag=red", {}),
        )
    ),
    answers("AcknowledgeTask", "a lease", _ACKNOWLEDGE, {}, documented("5.12"), given=A_LEASED_TASK),
    *(
        answers(
            method,
            "a lease",
            _ON_LEASES[method],
            Shows({"name": TASK, "scheduleTime": MICROSECOND, "view": "BASIC"}),
            documented("5.12"),
            given=A_LEASED_TASK,
        )
        for method in ("RenewLease", "CancelLease")
    ),
]

_LEASE_REFUSED = [
    refuses("LeaseTasks", case, _LEASE, code, text, mark, given=given)
    for case, code, text, mark, given in (
        ("a missing queue", "NOT_FOUND", QUEUE_MISSING, inferred("4.3"), ()),
        ("a push queue", "FAILED_PRECONDITION", _PUSH_QUEUE, inferred("4.3"), a_queue()),
        ("a paused queue", "FAILED_PRECONDITION", _PAUSED, documented("4.3"), [*A_PULL_TASK, _PAUSE]),
        ("4 calls a second", "RESOURCE_EXHAUSTED", _CAPPED, documented("4.3"), [*A_PULL_TASK, *[LEASE] * 3]),
    )
]
_LEASE_INVALID = [
    refuses("LeaseTasks", case, _LEASE | fields, "INVALID_ARGUMENT", text, mark, given=A_PULL_TASK)
    for case, fields, text, mark in (
        ("no duration", {"leaseDuration": None}, _NO_DURATION, documented("5.12")),
        ("half a second", {"leaseDuration": "0.5s"}, _NO_DURATION, inferred("5.12")),
        (
            "8 days",
            {"leaseDuration": "691200s"},
            "lease_duration must be between 0s and 604800s.",
            documented("5.12"),
        ),
        ("1001 tasks", {"maxTasks": 1001}, "max_tasks must be between 1 and 1000.", inferred("5.12")),
        ("-1 tasks", {"maxTasks": -1}, "max_tasks must be between 1 and 1000.", inferred("5.12")),
        ("another filter", {"filter": "colour=blue"}, _FILTER, inferred("5.12")),
        (
            "a long tag",
            {"filter": f"tag={'t' * 500}"},
            "The tag in filter must have less than 500 characters.",
            documented("5.12"),
        ),
    )
]

_NOT_LEASED = [
    *(
        refuses(method, case, request | _LATE, code, text, inferred("5.12"), given=given)
        for method, request in _ON_LEASES.items()
        for case, code, text, given in (
            ("another schedule time", "FAILED_PRECONDITION", _EXPIRED, A_LEASED_TASK),
            ("a missing queue", "NOT_FOUND", QUEUE_MISSING, ()),
            ("a missing task", "NOT_FOUND", ENTITY_MISSING, A_PULL_QUEUE),
            ("a deleted task", "NOT_FOUND", TASK_GONE, [*A_PULL_TASK, Call("DeleteTask", {"name": TASK})]),
            ("a push queue", "FAILED_PRECONDITION", _PUSH_QUEUE, a_task()),
        )
    ),
    *(
        refuses(
            method,
            "no schedule time",
            request | {"scheduleTime": None},
            "INVALID_ARGUMENT",
            "schedule_time must be set.",
            documented("5.12"),
            given=A_LEASED_TASK,
        )
        for method, request in _ON_LEASES.items()
    ),
    *(
        refuses(
            method,
            "a bad queue",
            request | _LATE | {"name": TASK_OF_BAD_QUEUE},
            "INVALID_ARGUMENT",
            TASK_NAME_FORM,
            inferred("5.12"),
        )
        for method, request in _ON_LEASES.items()
    ),
    refuses(
        "LeaseTasks",
        "a bad queue",
        _LEASE | {"parent": BAD_QUEUE},
        "INVALID_ARGUMENT",
        QUEUE_NAME_FORM,
        inferred("5.12"),
        details=[QUEUE_NAME_HELP],
    ),
    refuses(
        "RenewLease",
        "no duration",
        _RENEW | {"leaseDuration": None},
        "INVALID_ARGUMENT",
        _NO_DURATION,
        inferred("5.12"),
        given=A_LEASED_TASK,
    ),
]

ROWS = [*_SHOWN, *_LEASED, *_LEASE_REFUSED, *_LEASE_INVALID, *_NOT_LEASED]
