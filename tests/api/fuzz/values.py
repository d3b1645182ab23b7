"""Hypothesis strategies for messages of the APIs: mostly what could be meant, often at an edge, at times nonsense."""

import math
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

LOCATION = "projects/local/locations/us-central1"
QUEUES = [f"{LOCATION}/queues/{name}" for name in ("a", "buffer", "pull")]
DOOMED = [f"{LOCATION}/queues/doomed-{number}" for number in range(3)]
"""Queues that come and go; the others are never deleted."""

BYSTANDERS = f"{LOCATION}/queues/bystanders"
"""A queue that no generated request names."""

_DEEPEST = 5
_MOST_ITEMS = 3
_OFTEN = frozenset({"task", "queue", "http_request", "url", "requests", "names", "lease_duration"})
_OFTEN_NAMED = (".Queue.name", "Request.schedule_time")
_WEIRD = ["", "*", "-", "%", "%zz", "\0", "a\nb", "é" * 10, "\U0001f600", "../..", "{", "x" * 600, "NaN", "null", "0"]
_TIMES_S = [0, 1, -1, 1_800_000_000, 4_102_444_800, 253_402_300_799, 253_402_300_800, -62_135_596_801, 2**63 - 1]
_SPANS_S = [0, 1, 15, 60, 1800, 1801, 864_000, 315_576_000_000, 315_576_000_001, -1, -(2**63)]
_NANOS = [0, 1, 500_000_000, 999_999_999, 1_000_000_000, -1, -(2**31)]
_EDGES = [0, 1, -1, 2, 3, 10, 100, 500, 501, 1000, 1001, 5000, 5001, 2**31 - 1, -(2**31), 2**32, 2**53, 2**63 - 1]

queue_names = st.sampled_from([*QUEUES * 2, *DOOMED])
task_ids = st.integers(0, 9).map("t{}".format)
task_names = st.builds("{}/tasks/{}".format, queue_names, task_ids)
texts = st.sampled_from(_WEIRD) | st.text(max_size=12)
_URLS = [
    "http://127.0.0.1:1/",
    "https://127.0.0.1:1/p?q=1#f",
    "http://[::1]:1/",
    "http://127.0.0.1:1/%zz é",
    "ftp://h/",
]
_OF_KIND = {
    "P": st.just("projects/local"),
    "L": st.just(LOCATION),
    "L/cmekConfig": st.just(f"{LOCATION}/cmekConfig"),
    "L/operations/*": st.integers(0, 3).map(f"{LOCATION}/operations/{{}}".format),
    "Q": queue_names,
    "T": task_names,
    "*": task_ids,
}
_HINTS: dict[str, st.SearchStrategy[Any]] = {
    "Queue.name": queue_names | st.sampled_from(DOOMED),
    "Task.name": st.just("") | st.just("") | task_names,
    "CreateTaskRequest.parent": queue_names,
    "BatchDeleteTasksRequest.names": task_names,
    "url": st.sampled_from([_URLS[0]] * 5 + _URLS),
    "relative_uri": st.sampled_from(["/", "/p?q=1", "p", "//h/", "/ "]),
    "relative_url": st.sampled_from(["/", "/p?q=1", "p", "//h/", "/ "]),
    "filter": st.sampled_from(
        [
            'tag="t"',
            "tag_function=oldest_tag()",
            "tag=",
            "state: RUNNING",
            "name:a AND NOT state=PAUSED",
            "((",
            "a.b = 3",
        ]
    ),
    "tag": st.sampled_from(["t", "", "é", "x" * 500]),
    "paths": st.sampled_from(
        ["*", "name", "state", "rate_limits.max_burst_size", "http_target", "retryConfig", "a..b"]
    ),
    "role": st.sampled_from(["roles/cloudtasks.viewer", "roles/x"]),
    "members": st.sampled_from(["allUsers", "user:a@b.example", "x"]),
    "permissions": st.sampled_from(["cloudtasks.tasks.create", "cloudtasks.*"]),
    "data": st.sampled_from(
        [b"queue: [{name: a, rate: 1/s}]", b"queue:\n- name: pull\n  mode: pull\n", b"queue: {", b"{}"]
    ),
    "app_id": st.just("local"),
    "AddRequest.url": st.sampled_from([b"/", b"/work?a=b", b"w", b"/ "]),
    "DeleteQueueRequest.queue_name": st.sampled_from([b"doomed-0", b"doomed-1"]),
    "queue_name": st.sampled_from([b"a", b"a", b"pull", b"pull", b"doomed-0", b"\xff", b""]),
    "task_name": task_ids.map(str.encode) | st.just(b""),
    "eta_usec": st.sampled_from([0, 0, 0, 1_800_000_000_000_000, -1, 2**63 - 1]),
    "max_tasks": st.sampled_from([1, 5, 1000, 0, 1001]),
    "lease_seconds": st.sampled_from([1, 60, 604_800, 604_801, 1e308]),
    "lease_duration": st.sampled_from(
        [{"seconds": 1}, {"seconds": 60, "nanos": 1}, {"seconds": 604_801}, {"nanos": -1}]
    ),
}


def kinds(path: str) -> dict[str, str]:
    """The fields that a path template of the RPC table names, and the kinds of resources they are."""
    variables = [part.split("}")[0] for part in path.split("{")[1:]]
    return dict(variable.split("=", 1) for variable in variables)


def resources(method: str, kind: str) -> st.SearchStrategy[str]:
    """Names for a method, of the kind that its path template says: mostly some that may be there."""
    if method == "DeleteQueue":
        return st.sampled_from(DOOMED) | texts
    if method == "LeaseTasks":
        return st.sampled_from([QUEUES[-1]] * 3 + QUEUES)
    elsewhere = st.sampled_from(list(_OF_KIND)).flatmap(_OF_KIND.__getitem__)
    return _mostly(_OF_KIND[kind], elsewhere | texts)


def _mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([good] * 9 + [bad]).flatmap(lambda chosen: chosen)


Fields = dict[str, Any]
"""A message as values by field; a message in it as such a dictionary again."""


def fields_of(message_class: Any) -> st.SearchStrategy[Fields]:
    """Values for any fields of a message."""
    return _fields(message_class.DESCRIPTOR, 0)


@cache
def _fields(descriptor: Any, depth: int) -> st.SearchStrategy[Fields]:
    if descriptor.full_name == "google.protobuf.Timestamp":
        return _moments(_TIMES_S)
    if descriptor.full_name == "google.protobuf.Duration":
        return _moments(_SPANS_S)
    wanted, possible = {}, {}
    for field in descriptor.fields:
        if depth >= _DEEPEST and field.message_type is not None:
            continue
        is_wanted = field.name in _OFTEN or field.is_required or field.full_name.endswith(_OFTEN_NAMED)
        chosen = wanted if is_wanted else possible
        chosen[field.name] = st.deferred(lambda field=field: _values(field, depth))
    return st.tuples(st.fixed_dictionaries(wanted), _some(possible)).map(lambda parts: parts[0] | parts[1])


@st.composite
def _some(draw: st.DrawFn, possible: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """At most a few fields: what sets all of them is refused for the first."""
    names = draw(st.lists(st.sampled_from(list(possible)), max_size=3, unique=True)) if possible else []
    return {name: draw(possible[name]) for name in names}


def _moments(seconds: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"seconds": st.sampled_from(seconds)}, optional={"nanos": st.sampled_from(_NANOS)})


def _values(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        return st.dictionaries(_single(key, depth), _single(value, depth + 1), max_size=_MOST_ITEMS)
    if field.is_repeated:
        return st.lists(_single(field, depth), max_size=_MOST_ITEMS)
    return _single(field, depth)


def _single(field: Any, depth: int) -> st.SearchStrategy[Any]:
    hint = _HINTS.get(f"{field.containing_type.name}.{field.name}", _HINTS.get(field.name))
    plain = _scalars(field) if field.message_type is None else _fields(field.message_type, depth + 1)
    if hint is not None and field.type == FieldDescriptor.TYPE_BYTES:
        hint = hint.map(lambda value: value if isinstance(value, bytes) else value.encode())
    return _mostly(hint, plain) if hint is not None and field.enum_type is None else plain


def _scalars(field: Any) -> st.SearchStrategy[Any]:
    kind = field.cpp_type
    if field.enum_type is not None:
        return st.sampled_from([*field.enum_type.values_by_number, 99, -1])
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return st.binary(max_size=20) if field.type == FieldDescriptor.TYPE_BYTES else texts
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans()
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return st.sampled_from([0.0, -0.0, 0.25, 1.0, 500.0, 500.1, -1.0, 1e308, 5e-324, math.nan, math.inf, -math.inf])
    low, high = _RANGES[kind]
    return st.sampled_from([edge for edge in _EDGES if low <= edge < high])


_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64),
}
