"""IAM policies of queues: kept, not enforced."""

from tests.api.conformance.given import A_DELETED_QUEUE, a_queue
from tests.api.conformance.matching import TEXT, Earlier
from tests.api.conformance.names import BAD_QUEUE, QUEUE
from tests.api.conformance.row import Call, answers, documented, inferred, refuses
from tests.api.conformance.texts import QUEUE_MISSING, QUEUE_NAME_FORM, QUEUE_NAME_HELP

_THIS = {"resource": QUEUE}
_BINDING = {"role": "roles/cloudtasks.enqueuer", "members": ["user:ada@example.com"]}
_POLICY = {"version": 1, "bindings": [_BINDING], "etag": TEXT}
_SET = {"resource": QUEUE, "policy": {"bindings": [_BINDING]}}
_GRANT = {"resource": QUEUE, "permissions": ["cloudtasks.tasks.create", "cloudtasks.queues.get"]}
_CONDITION = {"title": "t", "expression": "true"}
_MEMBER = "The member {} is of an unknown type. Please set a valid type prefix for the member."

_BAD_POLICIES = [
    ("a version that there is not", {"version": 2}, "Policy version 2 is not valid. Valid versions are 0, 1 and 3."),
    (
        "a role that there is not",
        {"bindings": [_BINDING | {"role": "roles/cloudtasks.king"}]},
        "Role roles/cloudtasks.king is not supported for this resource.",
    ),
    ("a member of no kind", {"bindings": [_BINDING | {"members": ["ada"]}]}, _MEMBER.format("ada")),
    (
        "a member that is malformed",
        {"bindings": [_BINDING | {"members": ["user:ada"]}]},
        'The member "user:ada" is malformed: write it like user:ada@example.com, domain:example.com, or '
        "principal://iam.googleapis.com/NAME.",
    ),
    (
        "a binding without members",
        {"bindings": [{"role": _BINDING["role"]}]},
        "Policy.bindings[0].members must be set.",
    ),
    (
        "a condition in version 1",
        {"version": 1, "bindings": [_BINDING | {"condition": _CONDITION}]},
        "A policy with conditions needs Policy.version 3, read with requestedPolicyVersion 3.",
    ),
    (
        "a condition without an expression",
        {"version": 3, "bindings": [_BINDING | {"condition": {"title": "t"}}]},
        "Policy.bindings[0].condition.expression must be set.",
    ),
]

ROWS = [
    answers("GetIamPolicy", "no policy yet", _THIS, {"etag": "ACAB"}, inferred("3.7"), given=a_queue()),
    answers(
        "GetIamPolicy", "a policy", _THIS, _POLICY, documented("7.2"), given=[*a_queue(), Call("SetIamPolicy", _SET)]
    ),
    answers("SetIamPolicy", "a policy", _SET, _POLICY, documented("7.2"), given=a_queue()),
    answers(
        "SetIamPolicy",
        "the present etag",
        {"resource": QUEUE, "policy": {"etag": Earlier("etag")}},
        {"etag": TEXT},
        inferred("3.7"),
        given=[*a_queue(), Call("SetIamPolicy", _SET), Call("GetIamPolicy", _THIS)],
    ),
    answers(
        "SetIamPolicy",
        "a condition",
        {"resource": QUEUE, "policy": {"version": 3, "bindings": [_BINDING | {"condition": _CONDITION}]}},
        {"version": 3, "bindings": [_BINDING | {"condition": _CONDITION}], "etag": TEXT},
        documented("7.2"),
        given=a_queue(),
    ),
    refuses(
        "SetIamPolicy",
        "another etag",
        {"resource": QUEUE, "policy": {"etag": "AAAA"}},
        "ABORTED",
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
        r"The request's ETag '\000\000\000' did not match the current policy's ETag '\000\040\001'.",
        inferred("3.7"),
        given=a_queue(),
    ),
    *(
        refuses(
            "SetIamPolicy",
            case,
            {"resource": QUEUE, "policy": policy},
            "INVALID_ARGUMENT",
            text,
            inferred("7"),
            given=a_queue(),
        )
        for case, policy, text in _BAD_POLICIES
    ),
    refuses(
        "SetIamPolicy",
        "a path that is no field",
        _SET | {"updateMask": "colour"},
        "INVALID_ARGUMENT",
        'update_mask has the path "colour", which is not a field of a queue\'s Policy.',
        inferred("3.7"),
        given=a_queue(),
    ),
    refuses(
        "GetIamPolicy",
        "a version that there is not",
        {"resource": QUEUE, "options": {"requestedPolicyVersion": 2}},
        "INVALID_ARGUMENT",
        "Policy version 2 is not valid. Valid versions are 0, 1 and 3.",
        inferred("7"),
        given=a_queue(),
    ),
    answers(
        "TestIamPermissions",
        "a queue",
        _GRANT,
        {"permissions": _GRANT["permissions"]},
        inferred("3.7"),
        given=a_queue(),
    ),
    answers("TestIamPermissions", "a missing queue", _GRANT, {}, documented("3.7")),
    refuses(
        "TestIamPermissions",
        "a pattern of permissions",
        {"resource": QUEUE, "permissions": ["cloudtasks.*"]},
        "INVALID_ARGUMENT",
        "Permission cloudtasks.* is not valid for this resource.",
        inferred("3.7"),
    ),
    *(
        refuses(
            method,
            case,
            _SET if method == "SetIamPolicy" else _THIS,
            "NOT_FOUND",
            QUEUE_MISSING,
            inferred("4.3"),
            given=given,
        )
        for method in ("GetIamPolicy", "SetIamPolicy")
        for case, given in (("a missing queue", ()), ("a deleted queue", A_DELETED_QUEUE))
    ),
    *(
        refuses(
            method,
            "a bad name",
            {"resource": BAD_QUEUE},
            "INVALID_ARGUMENT",
            QUEUE_NAME_FORM,
            inferred("4.3"),
            details=[QUEUE_NAME_HELP],
        )
        for method in ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
    ),
]
