"""BufferTask: an HTTP body becomes a task of a queue that says where its tasks go."""

from typing import Any

from tests.api.conformance.given import A_ROUTED_QUEUE, Call, a_paused_queue
from tests.api.conformance.matching import Like, Shows
from tests.api.conformance.names import BAD_QUEUE, QUEUE, TASK
from tests.api.conformance.row import answers, documented, inferred, refuses, seen
from tests.api.conformance.texts import QUEUE_MISSING, QUEUE_NAME_FORM, QUEUE_NAME_HELP, TASK_ID_HELP, bad_task_id

_BODY = {"body": {"contentType": "text/plain", "data": "d29yaw=="}}
_THIS: dict[str, Any] = {"queue": QUEUE, "taskId": "t"} | _BODY
_NO_TARGET = "The queue cannot buffer tasks: set Queue.httpTarget.uriOverride.host to say where they are sent."
_TEXT = Shows({"headers": Shows({"Content-Type": "text/plain", "User-Agent": "Google-Cloud-Tasks"})})

ROWS = [
    answers(
        "BufferTask",
        "a task id",
        _THIS,
        {"task": Shows({"name": TASK, "httpRequest": _TEXT, "view": "BASIC"})},
        documented("3.8"),
        given=A_ROUTED_QUEUE,
    ),
    answers(
        "BufferTask",
        "no task id",
        {"queue": QUEUE} | _BODY,
        {"task": Shows({"name": Like(rf"{QUEUE}/tasks/\d{{17,20}}")})},
        seen("3.8"),
        given=A_ROUTED_QUEUE,
    ),
    refuses("BufferTask", "a missing queue", _THIS, "NOT_FOUND", QUEUE_MISSING, inferred("3.8")),
    refuses(
        "BufferTask", "no target", _THIS, "FAILED_PRECONDITION", _NO_TARGET, inferred("3.8"), given=a_paused_queue()
    ),
    refuses(
        "BufferTask",
        "the id of a live task",
        _THIS,
        "ALREADY_EXISTS",
        "Requested entity already exists",
        documented("3.9"),
        given=[*A_ROUTED_QUEUE, Call("BufferTask", _THIS)],
    ),
    refuses(
        "BufferTask",
        "a bad id",
        _THIS | {"taskId": "bad.task"},
        "INVALID_ARGUMENT",
        bad_task_id("bad.task"),
        inferred("3.8"),
        details=[TASK_ID_HELP],
        given=A_ROUTED_QUEUE,
    ),
    refuses(
        "BufferTask",
        "a bad queue",
        _THIS | {"queue": BAD_QUEUE},
        "INVALID_ARGUMENT",
        QUEUE_NAME_FORM,
        inferred("3.8"),
        details=[QUEUE_NAME_HELP],
    ),
]
