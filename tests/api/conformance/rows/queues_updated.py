"""UpdateQueue: masks, and queues that are not there."""

from typing import Any

from tests.api.conformance.given import A_DELETED_QUEUE, A_PULL_QUEUE, a_paused_queue, a_queue
from tests.api.conformance.matching import Lacks, Shows
from tests.api.conformance.names import BAD_QUEUE, QUEUE
from tests.api.conformance.row import Evidence, Row, answers, documented, inferred, refuses
from tests.api.conformance.rows.queue_retries import DEFAULT
from tests.api.conformance.rows.queues_created import DEFAULT_QUEUE
from tests.api.conformance.texts import QUEUE_NAME_FORM, QUEUE_NAME_HELP

_RETRIES = a_queue(retryConfig={"maxAttempts": 7, "minBackoff": "2s"})
_TARGET = {"uriOverride": {"host": "example.com", "uriOverrideEnforceMode": "ALWAYS"}, "httpMethod": "PUT"}


def _updated(case: str, mask: str, fields: dict[str, Any], shown: Any, mark: Evidence, **more: Any) -> Row:
    request = {"queue": {"name": QUEUE, **fields}} | ({"updateMask": mask} if mask else {})
    return answers("UpdateQueue", case, request, shown, mark, **more)


def _retries(**changes: Any) -> Shows:
    return Shows({"retryConfig": DEFAULT | changes})


ROWS = [
    *(
        _updated("a queue that is missing", "", {}, shown, documented("3.6"), versions=[version])
        for version, shown in DEFAULT_QUEUE.items()
    ),
    _updated(
        "a leaf",
        "retryConfig.maxAttempts",
        {"retryConfig": {"maxAttempts": 9, "maxDoublings": 1}},
        _retries(maxAttempts=9, minBackoff="2s"),
        documented("3.6"),
        given=_RETRIES,
    ),
    _updated(
        "a leaf that is cleared",
        "retryConfig.minBackoff",
        {},
        _retries(maxAttempts=7),
        documented("3.6"),
        given=_RETRIES,
    ),
    _updated(
        "a message",
        "retryConfig",
        {"retryConfig": {"maxDoublings": 1}},
        _retries(maxDoublings=1),
        inferred("3.6"),
        given=_RETRIES,
    ),
    _updated("no mask", "", {}, _retries(), documented("3.6"), given=_RETRIES),
    _updated(
        "output-only fields",
        "name,state,purgeTime",
        {"state": "RUNNING", "retryConfig": {"maxAttempts": 9}},
        Shows({"state": "PAUSED", "retryConfig": DEFAULT}),
        documented("3.6"),
        given=a_paused_queue(),
    ),
    _updated(
        "routing added",
        "httpTarget",
        {"httpTarget": _TARGET},
        Shows({"httpTarget": _TARGET}),
        documented("3.6"),
        given=a_queue(),
    ),
    _updated(
        "routing removed",
        "httpTarget",
        {},
        Lacks(frozenset({"httpTarget"})),
        documented("3.6"),
        given=a_queue(httpTarget=_TARGET),
    ),
    refuses(
        "UpdateQueue",
        "a path that is no field",
        {"queue": {"name": QUEUE}, "updateMask": "colour"},
        "INVALID_ARGUMENT",
        'update_mask has the path "colour", which is not a field of a queue.',
        inferred("3.6"),
        given=a_queue(),
    ),
    refuses(
        "UpdateQueue",
        "the name was deleted recently",
        {"queue": {"name": QUEUE}},
        "FAILED_PRECONDITION",
        "The queue cannot be created because a queue with this name existed too recently.",
        inferred("4.3"),
        given=A_DELETED_QUEUE,
    ),
    refuses(
        "UpdateQueue",
        "a bad name",
        {"queue": {"name": BAD_QUEUE}},
        "INVALID_ARGUMENT",
        QUEUE_NAME_FORM,
        inferred("4.3"),
        details=[QUEUE_NAME_HELP],
    ),
    refuses(
        "UpdateQueue",
        "routing of a pull queue",
        {"queue": {"name": QUEUE, "httpTarget": _TARGET}, "updateMask": "httpTarget"},
        "INVALID_ARGUMENT",
        "Queue.httpTarget cannot be set for a pull queue.",
        inferred("5.12"),
        given=A_PULL_QUEUE,
    ),
]
