"""Queues read, listed, paused, resumed, purged, deleted."""

from tests.api.conformance.given import A_DELETED_QUEUE, a_paused_queue, a_queue
from tests.api.conformance.matching import MICROSECOND, TEXT, Earlier, Shows
from tests.api.conformance.names import BAD_LOCATION, BAD_QUEUE, LOCATION, QUEUE
from tests.api.conformance.row import BETAS, VERSIONS, Call, answers, documented, inferred, refuses, seen
from tests.api.conformance.rows.queues_created import DEFAULT_QUEUE
from tests.api.conformance.texts import ENTITY_MISSING, QUEUE_MISSING, QUEUE_NAME_FORM, QUEUE_NAME_HELP, location_denied

_THIS = {"name": QUEUE}
_STATES = {"GetQueue": "RUNNING", "PauseQueue": "PAUSED", "ResumeQueue": "RUNNING", "PurgeQueue": "RUNNING"}
_TWO = [*a_queue(), Call("CreateQueue", {"parent": LOCATION, "queue": {"name": f"{LOCATION}/queues/b"}})]
_B, _Q = Shows({"name": f"{LOCATION}/queues/b"}), Shows({"name": QUEUE})
_PAGE = [*_TWO, Call("ListQueues", {"parent": LOCATION, "pageSize": 1})]
_DENIED, _DENIED_DETAILS = location_denied(BAD_LOCATION)
_READ_MASK = 'read_mask has the path "colour", which is not a field of a queue.'

ROWS = [
    *(
        answers(
            method,
            "a new queue",
            _THIS,
            DEFAULT_QUEUE[version] | change,
            documented("3.1"),
            given=a_queue(),
            versions=[version],
        )
        for version in VERSIONS
        for method, state in _STATES.items()
        for change in ({"state": state} | ({"purgeTime": MICROSECOND} if method == "PurgeQueue" else {}),)
    ),
    answers("PauseQueue", "a paused queue", _THIS, Shows({"state": "PAUSED"}), inferred("2.2"), given=a_paused_queue()),
    answers(
        "ResumeQueue", "a paused queue", _THIS, Shows({"state": "RUNNING"}), documented("2.2"), given=a_paused_queue()
    ),
    answers("DeleteQueue", "a queue", _THIS, {}, documented("3.1"), given=a_queue()),
    *(
        refuses(method, case, _THIS, "NOT_FOUND", QUEUE_MISSING, seen("4.3"), given=given)
        for method in _STATES
        for case, given in (("a missing queue", ()), ("a deleted queue", A_DELETED_QUEUE))
    ),
    refuses("DeleteQueue", "a missing queue", _THIS, "NOT_FOUND", ENTITY_MISSING, seen("4.3")),
    refuses(
        "DeleteQueue", "a deleted queue", _THIS, "NOT_FOUND", ENTITY_MISSING, inferred("4.3"), given=A_DELETED_QUEUE
    ),
    *(
        refuses(
            method,
            "a bad name",
            {"name": BAD_QUEUE},
            "INVALID_ARGUMENT",
            QUEUE_NAME_FORM,
            inferred("4.3"),
            details=[QUEUE_NAME_HELP],
        )
        for method in (*_STATES, "DeleteQueue")
    ),
    answers(
        "GetQueue",
        "statistics",
        {"name": QUEUE, "readMask": "name,stats"},
        {"name": QUEUE, "stats": {"effectiveExecutionRate": 500}},
        documented("3.7"),
        given=a_queue(),
        versions=BETAS,
    ),
    refuses(
        "GetQueue",
        "a path that is no field",
        {"name": QUEUE, "readMask": "colour"},
        "INVALID_ARGUMENT",
        _READ_MASK,
        inferred("3.6"),
        given=a_queue(),
        versions=BETAS,
    ),
    answers("ListQueues", "no queues", {"parent": LOCATION}, {}, documented("3.2")),
    answers(
        "ListQueues", "two queues, by name", {"parent": LOCATION}, {"queues": [_B, _Q]}, documented("3.4"), given=_TWO
    ),
    answers(
        "ListQueues",
        "a page",
        {"parent": LOCATION, "pageSize": 1},
        Shows({"queues": [_B], "nextPageToken": TEXT}),
        documented("3.4"),
        given=_TWO,
    ),
    answers(
        "ListQueues",
        "the next page",
        {"parent": LOCATION, "pageToken": Earlier("nextPageToken")},
        {"queues": [_Q]},
        documented("3.4"),
        given=_PAGE,
    ),
    refuses(
        "ListQueues",
        "the next page with another filter",
        {"parent": LOCATION, "pageToken": Earlier("nextPageToken"), "filter": "state=PAUSED"},
        "INVALID_ARGUMENT",
        "filter must be the same in every call of one listing. Start again without a token.",
        documented("3.4"),
        given=_PAGE,
    ),
    answers(
        "ListQueues",
        "a filter",
        {"parent": LOCATION, "filter": f'name="{QUEUE}" AND state=RUNNING'},
        {"queues": [_Q]},
        documented("3.5"),
        given=_TWO,
    ),
    answers(
        "ListQueues",
        "names alone",
        {"parent": LOCATION, "readMask": "name"},
        {"queues": [{"name": QUEUE}]},
        documented("3.7"),
        given=a_queue(),
        versions=BETAS,
    ),
    refuses(
        "ListQueues",
        "a bad parent",
        {"parent": BAD_LOCATION},
        "PERMISSION_DENIED",
        _DENIED,
        inferred("4.3"),
        details=_DENIED_DETAILS,
    ),
    *(
        refuses("ListQueues", case, {"parent": LOCATION, **fields}, "INVALID_ARGUMENT", text, inferred("3.4"))
        for case, fields, text in (
            ("a negative page size", {"pageSize": -1}, "page_size cannot be negative."),
            ("a token that is none", {"pageToken": "x"}, "page_token is invalid. Start again without a token."),
            (
                "a filter that is none",
                {"filter": "state ="},
                "filter is invalid: expected a value at character 8, found the end.",
            ),
        )
    ),
    refuses(
        "ListQueues",
        "a path that is no field",
        {"parent": LOCATION, "readMask": "colour"},
        "INVALID_ARGUMENT",
        _READ_MASK,
        inferred("3.6"),
        versions=BETAS,
    ),
]
