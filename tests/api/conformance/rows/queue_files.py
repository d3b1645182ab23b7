"""UploadQueueYaml: a queue.yaml brings the queues of an app to what it says."""

import base64
from typing import Any

from tests.api.conformance.given import a_queue
from tests.api.conformance.matching import Shows
from tests.api.conformance.names import QUEUE
from tests.api.conformance.row import Call, answers, documented, inferred, refuses
from tests.api.conformance.texts import location_denied


def _upload(text: str) -> dict[str, Any]:
    return {"appId": "the-project", "httpBody": {"data": base64.b64encode(text.encode()).decode()}}


_FILE = _upload("queue:\n- name: q\n  rate: 5/s\n")
_ANOTHER = _upload("queue:\n- name: other\n  rate: 5/s\n")
_PROBLEMS = [
    (
        "no rate",
        "queue:\n- name: q\n",
        "Refill rate must be specified for push-based queue. (line 2)",
        documented("8.2"),
    ),
    (
        "501 a second",
        "queue:\n- name: q\n  rate: 501/s\n",
        "Refill rate must not exceed 500 per second (is 501.0). (line 3)",
        documented("8.2"),
    ),
]
_DENIED, _DENIED_DETAILS = location_denied("projects/the_project/locations/us-central1")

ROWS = [
    answers("UploadQueueYaml", "a file", _FILE, {}, documented("8.3")),
    answers(
        "GetQueue",
        "a queue of a file",
        {"name": QUEUE},
        Shows({"rateLimits": Shows({"maxBurstSize": 5}), "state": "RUNNING"}),
        documented("2.3"),
        given=[Call("UploadQueueYaml", _FILE, "v2beta2")],
    ),
    answers(
        "GetQueue",
        "a queue that a file leaves out",
        {"name": QUEUE},
        Shows({"state": "DISABLED"}),
        documented("2.2"),
        given=[*a_queue(), Call("UploadQueueYaml", _ANOTHER, "v2beta2")],
    ),
    answers(
        "PauseQueue",
        "a disabled queue",
        {"name": QUEUE},
        Shows({"state": "DISABLED"}),
        inferred("2.2"),
        given=[*a_queue(), Call("UploadQueueYaml", _ANOTHER, "v2beta2")],
    ),
    answers(
        "ResumeQueue",
        "a disabled queue",
        {"name": QUEUE},
        Shows({"state": "RUNNING"}),
        documented("2.2"),
        given=[*a_queue(), Call("UploadQueueYaml", _ANOTHER, "v2beta2")],
    ),
    *(
        refuses(
            "UploadQueueYaml", case, _upload(text), "INVALID_ARGUMENT", f"Invalid queue configuration. {problem}", mark
        )
        for case, text, problem, mark in _PROBLEMS
    ),
    refuses(
        "UploadQueueYaml",
        "a bad app",
        _FILE | {"appId": "the_project"},
        "PERMISSION_DENIED",
        _DENIED,
        inferred("4.3"),
        details=_DENIED_DETAILS,
    ),
]
