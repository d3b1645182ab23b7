"""The Cloud KMS key of a location."""

from tests.api.conformance.given import A_ROUTED_QUEUE, a_queue
from tests.api.conformance.names import BAD_LOCATION, HTTP, LOCATION, QUEUE
from tests.api.conformance.row import Call, answers, documented, inferred, refuses

_NAME = f"{LOCATION}/cmekConfig"
_BAD_NAME = f"{BAD_LOCATION}/cmekConfig"
_KEY = "projects/the-project/locations/us-central1/keyRings/r/cryptoKeys/k"
_CONFIG = {"name": _NAME, "kmsKey": _KEY}
_UPDATE = {"cmekConfig": _CONFIG}
_ENCRYPTED = [Call("UpdateCmekConfig", _UPDATE)]
_NAME_FORM = 'CmekConfig name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/cmekConfig".'
_KEY_FORM = (
    'CmekConfig.kmsKey is "k", but must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/keyRings/'
    '<KEY_RING_ID>/cryptoKeys/<KEY_ID>".'
)
_EXCLUDED = "Queue.httpTarget cannot be used while the location's cmekConfig names a kmsKey: remove one of them."
_ROUTED = {"name": QUEUE, "httpTarget": {"uriOverride": {"host": "example.com"}}}

ROWS = [
    answers("GetCmekConfig", "no key", {"name": _NAME}, {"name": _NAME}, documented("2.11")),
    answers("GetCmekConfig", "a key", {"name": _NAME}, _CONFIG, documented("2.11"), given=_ENCRYPTED),
    answers("UpdateCmekConfig", "a key", _UPDATE, _CONFIG, documented("2.11")),
    answers(
        "UpdateCmekConfig",
        "no key any more",
        {"cmekConfig": {"name": _NAME}, "updateMask": "kmsKey"},
        {"name": _NAME},
        documented("2.11"),
        given=_ENCRYPTED,
    ),
    refuses("GetCmekConfig", "a bad location", {"name": _BAD_NAME}, "INVALID_ARGUMENT", _NAME_FORM, inferred("2.11")),
    refuses(
        "UpdateCmekConfig",
        "a bad location",
        {"cmekConfig": {"name": _BAD_NAME}},
        "INVALID_ARGUMENT",
        _NAME_FORM,
        inferred("2.11"),
    ),
    refuses(
        "UpdateCmekConfig",
        "a bad key",
        {"cmekConfig": {"name": _NAME, "kmsKey": "k"}},
        "INVALID_ARGUMENT",
        _KEY_FORM,
        documented("2.11"),
    ),
    refuses(
        "UpdateCmekConfig",
        "a path that is no field",
        _UPDATE | {"updateMask": "colour"},
        "INVALID_ARGUMENT",
        'update_mask has the path "colour", which is not a field of a CmekConfig.',
        inferred("3.6"),
    ),
    refuses(
        "CreateQueue",
        "routing in a location with a key",
        {"parent": LOCATION, "queue": _ROUTED},
        "FAILED_PRECONDITION",
        _EXCLUDED,
        documented("2.10"),
        given=_ENCRYPTED,
    ),
    refuses(
        "UpdateQueue",
        "routing in a location with a key",
        {"queue": _ROUTED},
        "FAILED_PRECONDITION",
        _EXCLUDED,
        documented("2.10"),
        given=[*a_queue(), *_ENCRYPTED],
    ),
    refuses(
        "CreateTask",
        "a queue with routing in a location with a key",
        {"parent": QUEUE, "task": HTTP},
        "FAILED_PRECONDITION",
        _EXCLUDED,
        documented("2.10"),
        given=[*A_ROUTED_QUEUE, *_ENCRYPTED],
    ),
]
