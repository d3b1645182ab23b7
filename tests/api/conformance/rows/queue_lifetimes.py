"""What queues keep from their creation on, and the share of their operations that is logged."""

from tests.api.conformance.given import A_PULL_QUEUE, a_queue
from tests.api.conformance.matching import Shows
from tests.api.conformance.names import QUEUE
from tests.api.conformance.queue_settings import is_refused, is_set
from tests.api.conformance.row import BETAS, WITH_DEADLINES, answers, documented, inferred, refuses

_LIFETIMES = {"taskTtl": "864000s", "tombstoneTtl": "777600s"}
_LOGGED = {"stackdriverLoggingConfig": {"samplingRatio": 0.5}}
_RATIO = "StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0."
_TASK_TTL = "Queue.taskTtl must be between [864000s, 315360000s]."
_TOMBSTONE_TTL = "Queue.tombstoneTtl must be between [3600s, 777600s]."

ROWS = [
    *is_set("logging", _LOGGED, _LOGGED, documented("2.11"), versions=WITH_DEADLINES),
    *(
        row
        for ratio in (-0.1, 1.1)
        for fields in ({"stackdriverLoggingConfig": {"samplingRatio": ratio}},)
        for row in is_refused(f"a ratio of {ratio}", fields, _RATIO, inferred("4.3"), versions=WITH_DEADLINES)
    ),
    *is_set("lifetimes", _LIFETIMES, _LIFETIMES, documented("2.11"), versions=BETAS),
    *is_refused("a short taskTtl", {"taskTtl": "863999s"}, _TASK_TTL, documented("2.11"), versions=BETAS),
    *is_refused("a long tombstoneTtl", {"tombstoneTtl": "777601s"}, _TOMBSTONE_TTL, documented("2.11"), versions=BETAS),
    refuses(
        "UpdateQueue",
        "another taskTtl",
        {"queue": {"name": QUEUE, "taskTtl": "864000s"}, "updateMask": "taskTtl"},
        "INVALID_ARGUMENT",
        "Queue.taskTtl can only be set when the queue is created.",
        inferred("2.11"),
        given=a_queue(),
        versions=BETAS,
    ),
    answers(
        "UpdateQueue",
        "the same taskTtl",
        {"queue": {"name": QUEUE, "taskTtl": "2678400s"}, "updateMask": "taskTtl"},
        Shows({"taskTtl": "2678400s"}),
        inferred("2.11"),
        given=a_queue(),
        versions=BETAS,
    ),
    refuses(
        "UpdateQueue",
        "another type",
        {"queue": {"name": QUEUE, "type": "PUSH"}},
        "INVALID_ARGUMENT",
        "Queue.type can only be set when the queue is created.",
        documented("2.1"),
        given=A_PULL_QUEUE,
        versions=["v2beta3"],
    ),
]
