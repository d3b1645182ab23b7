"""Partial responses: the grammar, what is left of JSON and of messages, what is refused."""

import copy
from typing import Any

import pytest
from google.cloud.tasks_v2 import types
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from broker.api.partial_response import Selection
from broker.errors import Code, HeadraceError

ANSWER = {
    "queues": [
        {"name": "a", "state": "RUNNING", "rateLimits": {"maxBurstSize": 1, "maxDispatchesPerSecond": 2}},
        {"name": "b", "retryConfig": {"maxAttempts": 3}},
    ],
    "nextPageToken": "t",
}
NAMES = {"queues": [{"name": "a"}, {"name": "b"}]}
LIMITS = {"queues": [{"rateLimits": {"maxBurstSize": 1}}, {}]}
SELECTED: dict[str, Any] = {
    "*": ANSWER,
    "queues": {"queues": ANSWER["queues"]},
    "queues,nextPageToken": ANSWER,
    " queues , nextPageToken ": ANSWER,
    "nextPageToken": {"nextPageToken": "t"},
    "queues/name": NAMES,
    "queues.name": NAMES,
    "queues(name)": NAMES,
    "queues(name),nextPageToken": NAMES | {"nextPageToken": "t"},
    "queues/name,queues/name": NAMES,
    "queues/rateLimits/maxBurstSize": LIMITS,
    "queues.rate_limits.max_burst_size": LIMITS,
    "queues(rateLimits/maxBurstSize)": LIMITS,
    "queues(rateLimits(maxBurstSize))": LIMITS,
    "queues/rateLimits(maxBurstSize)": LIMITS,
    "queues(name,rateLimits/maxBurstSize)": {
        "queues": [{"name": "a", "rateLimits": {"maxBurstSize": 1}}, {"name": "b"}]
    },
    "queues/*/maxAttempts": {
        "queues": [
            {"name": "a", "state": "RUNNING", "rateLimits": {}},
            {"name": "b", "retryConfig": {"maxAttempts": 3}},
        ]
    },
    "*/name": NAMES | {"nextPageToken": "t"},
    "queues,queues/name": {"queues": ANSWER["queues"]},
    "queues/name,queues": {"queues": ANSWER["queues"]},
    "queues(name),queues(state)": {"queues": [{"name": "a", "state": "RUNNING"}, {"name": "b"}]},
    "other": {},
}


@pytest.mark.parametrize(("text", "expected"), SELECTED.items(), ids=SELECTED)
def test_what_is_left_of_json(text: str, expected: Any) -> None:
    before = copy.deepcopy(ANSWER)
    assert Selection(text).of_json(ANSWER) == expected
    assert before == ANSWER


@pytest.mark.parametrize("text", [text for text in SELECTED if text not in ("other", "*/name", "queues/*/maxAttempts")])
def test_a_message_is_trimmed_like_its_json(text: str) -> None:
    message = json_format.ParseDict(ANSWER, types.ListQueuesResponse.pb()())
    selection = Selection(text)
    selection.check(message.DESCRIPTOR)
    selection.trim(message)
    assert json_format.MessageToDict(message) == SELECTED[text]


MALFORMED = [
    "",
    " ",
    ",",
    "a,",
    ",a",
    "a//b",
    "/a",
    "a/",
    "a(",
    "a)",
    "a()",
    "(a)",
    "a(b",
    "a(b))",
    "a b",
    "a(b)c",
    "a(b)/c",
    "a((b))",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(HeadraceError, match="Cannot parse") as caught:
        Selection(text)
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("foo", "foo"),
        ("queues/foo", "queues.foo"),
        ("queues(name,foo)", "queues.foo"),
        ("queues/name/x", "queues.name.x"),
        ("queues/purgeTime/seconds", "queues.purgeTime.seconds"),
    ],
)
def test_a_path_to_no_field_is_refused(text: str, path: str) -> None:
    with pytest.raises(HeadraceError, match=r"^Request contains an invalid argument\.$") as caught:
        Selection(text).check(types.ListQueuesResponse.pb().DESCRIPTOR)
    (violation,) = caught.value.details
    rule = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    assert (violation.field, violation.description) == (path, rule)  # type: ignore[union-attr]


def test_keys_of_maps_can_be_selected() -> None:
    selection = Selection("httpRequest/headers/X-One")
    selection.check(types.Task.pb().DESCRIPTOR)
    task = {"httpRequest": {"headers": {"X-One": "1", "X-Two": "2"}, "url": "u"}}
    assert selection.of_json(task) == {"httpRequest": {"headers": {"X-One": "1"}}}


@given(st.text(alphabet="ab,/.()* ", max_size=40))
def test_any_text_is_refused_or_selects_a_part(text: str) -> None:
    value = {"a": {"a": 1, "b": [{"a": 2}]}, "b": 3}
    try:
        kept = Selection(text).of_json(value)
    except HeadraceError:
        return
    assert _is_part(kept, value)


@pytest.mark.parametrize("text", ["a(" * 3000 + "a" + ")" * 3000, "a/" * 3000 + "a", "a," * 3000 + "a"])
def test_a_long_text_is_no_burden(text: str) -> None:
    assert Selection(text).of_json({"a": {"a": 1, "b": 2}, "b": 3})["a"]


def _is_part(part: Any, whole: Any) -> bool:
    if isinstance(whole, dict):
        return part.keys() <= whole.keys() and all(_is_part(part[name], whole[name]) for name in part)
    if isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_part, part, whole))
    return bool(part == whole)
