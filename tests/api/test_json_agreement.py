"""Our reader and writer of JSON against protobuf's own json_format, on every message that REST reads or writes.

They differ on Duration "0", which gcloud sends and Google takes, and where json_format is laxer than the mapping that
it implements (`tests/api/json_faults.py`).
"""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.api.json_fields import message_object, message_text
from broker.api.json_reader import read_message
from broker.api.json_writer import COMPACT, PRETTY, value_text
from broker.api.rpcs import RPCS
from broker.errors import HeadraceError
from tests.api.json_faults import damaged
from tests.support.messages import messages

REQUESTS = {rpc.request.DESCRIPTOR.full_name: rpc.request for rpc in RPCS}
RESPONSES = {rpc.response.DESCRIPTOR.full_name: rpc.response for rpc in RPCS}
BRIEFLY = settings(max_examples=20, deadline=None)


def parsed(kind: Any, value: Any) -> bytes | None:
    """What json_format makes of a JSON object, serialized; None if it refuses it."""
    message = kind()
    try:
        json_format.ParseDict(value, message)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError):
        return None
    return bytes(message.SerializeToString(deterministic=True))


def read(kind: Any, value: Any) -> bytes | None:
    """The same by our reader, which raises nothing but HeadraceError."""
    message = kind()
    try:
        read_message(value, message)
    except HeadraceError:
        return None
    return bytes(message.SerializeToString(deterministic=True))


@st.composite
def written(draw: st.DrawFn, kind: Any) -> tuple[Any, dict[str, Any]]:
    """A message, and its JSON as json_format writes it: camel or snake case, enums by name or number."""
    message, snake, integers = draw(messages(kind.DESCRIPTOR)), draw(st.booleans()), draw(st.booleans())
    return message, json_format.MessageToDict(
        message, preserving_proto_field_name=snake, use_integers_for_enums=integers
    )


@pytest.mark.parametrize("kind", REQUESTS.values(), ids=REQUESTS)
def test_requests_are_read_or_refused_alike(kind: Any) -> None:
    @BRIEFLY
    @given(written(kind), st.data())
    def check(case: tuple[Any, dict[str, Any]], data: st.DataObject) -> None:
        message, value = case
        assert read(kind, value) == message.SerializeToString(deterministic=True)
        faulty = data.draw(damaged(kind.DESCRIPTOR, value))
        assert read(kind, faulty) == parsed(kind, faulty)

    check()


@pytest.mark.parametrize("kind", RESPONSES.values(), ids=RESPONSES)
def test_answers_are_written_alike(kind: Any) -> None:
    @BRIEFLY
    @given(messages(kind.DESCRIPTOR), st.booleans(), st.booleans())
    def check(message: Any, integers: bool, pretty: bool) -> None:
        line = PRETTY if pretty else COMPACT
        text = message_text(message, line, integers)
        assert text == value_text(message_object(message, enum_integers=integers), line)
        expected = json_format.MessageToDict(message, use_integers_for_enums=integers)
        assert json.loads(text) == json.loads(json.dumps(expected))
        assert parsed(kind, json.loads(text)) == message.SerializeToString(deterministic=True)

    check()


@pytest.mark.parametrize("kind", REQUESTS.values(), ids=REQUESTS)
def test_both_refuse_what_is_no_object(kind: Any) -> None:
    for value in (None, 1, "a", [1], True):
        assert read(kind, value) is None
        assert parsed(kind, value) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
)


@given(JSON_VALUES)
def test_json_text_is_that_of_the_standard_library(value: Any) -> None:
    assert value_text(value, PRETTY) == json.dumps(value, ensure_ascii=False, indent=2)
    assert value_text(value, COMPACT) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
