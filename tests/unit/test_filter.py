"""The filter language: what a text means for an item, and what is refused (3.5)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Code, HeadraceError
from broker.service.filter.evaluation import compile_filter
from broker.service.filter.grammar import DEEPEST_FILTER, LONGEST_FILTER, Value, parse
from broker.service.filter.schema import Field, Kind

ITEM = {
    "name": "projects/example.com:p/queues/Blue-1",
    "note": 'a "b" * c\\d',
    "state": "PAUSED",
    "rate": 2.5,
    "limits.burst": -1,
    "on": True,
    "age": 10_500_000,
    "made": 1_767_225_600_000_000,
    "target": True,
    "target.tags": ["red", "green"],
}
KINDS = {
    "name": Kind.TEXT,
    "note": Kind.TEXT,
    "missing": Kind.TEXT,
    "state": Kind.NAME,
    "rate": Kind.NUMBER,
    "limits.burst": Kind.NUMBER,
    "none": Kind.NUMBER,
    "on": Kind.BOOLEAN,
    "age": Kind.DURATION,
    "made": Kind.TIMESTAMP,
    "target": Kind.MESSAGE,
    "other": Kind.MESSAGE,
    "target.tags": Kind.TEXT,
}


class Items:
    """The schema of flat items; several values are a list."""

    def field(self, path):
        name = ".".join(path)
        if name not in KINDS:
            return None

        def values(item):
            found = item.get(name, [])
            return found if isinstance(found, list) else [found]

        return Field(KINDS[name], values, frozenset({"RUNNING", "PAUSED"}))


HOLD = [
    "state: PAUSED",
    "state=PAUSED",
    "state = paused",
    'state="PAUSED"',
    "state != RUNNING",
    "NOT state = RUNNING",
    "-state:RUNNING",
    "NOT NOT state:PAUSED",
    "state = (RUNNING OR PAUSED)",
    "state:*",
    "name = projects/example.com:p/queues/Blue-1",
    'name = "projects/example.com:p/queues/Blue-1"',
    "name = projects/*/queues/B*-1",
    "name:blue",
    "name:'QUEUES/blue'",
    "name:p*1",
    "name > projects/a",
    "name <= projects/z",
    'note = "a \\"b\\" \\* c\\\\d"',
    "note = 'a \"b\" ? c*'\nOR note = 'a \"b\" * c*'",
    "NOT missing:*",
    "missing != x",
    "rate = 2.5",
    "rate:2.5",
    "rate >= 2.5 rate <= 2.5",
    "rate > 2 AND rate < 3e0",
    "limits.burst = -1",
    "limits.burst < (5 AND 0)",
    "limits.burst = (-1 OR 5)",
    "NOT none < 5",
    "NOT none >= 5",
    "on = true",
    "on:*",
    "on != false",
    "age = 10.5s",
    "age > 10s age < '11s'",
    "made = 2026-01-01T00:00:00Z",
    "made < 2026-01-01T01:00:00.000001+01:00 AND made >= 2026-01-01",
    "target:*",
    "NOT other:*",
    "target.tags = green",
    "target.tags:(gree AND red)",
    "NOT target.tags = blue",
    "rate = 1 OR rate = 2.5 AND state:PAUSED",
    "(rate = 1 OR rate = 2.5) state:PAUSED",
    "rate = 2.5 OR rate = 1 AND rate = 1",
    "\n (( (state:PAUSED) ) )\t",
]
FAIL = [
    "state: RUNNING",
    "state != PAUSED",
    "-(state:PAUSED)",
    "name = blue",
    "name = Blue-1*",
    "name = PROJECTS/*",
    "name = projects/*s/Blue-1*1",
    "missing = ''",
    "missing:*",
    "rate > 2.5",
    "none != 1 AND none = 1",
    "none < 5",
    "target.tags = (red AND blue)",
    "rate = 2.5 (state:RUNNING OR rate = 1)",
    "state:PAUSED NOT rate:2.5",
    "other:*",
    "on = false",
]


@pytest.mark.parametrize("text", HOLD)
def test_filters_that_hold(text):
    assert compile_filter(text, Items())(ITEM)


@pytest.mark.parametrize("text", FAIL)
def test_filters_that_do_not_hold(text):
    assert not compile_filter(text, Items())(ITEM)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_filter_tests_nothing(text):
    assert compile_filter(text, Items()) is None


REFUSED = {
    "state": "expected one of <= < >= > != = : at character 6, found the end",
    "state:": "expected a value at character 7, found the end",
    "state = ": "expected a value at character 9, found the end",
    "= 1": 'expected a field, as in state = RUNNING at character 1, found "= 1"',
    "rate = 1 OR": "expected a field, as in state = RUNNING at character 12, found the end",
    "rate = 1 AND OR rate = 2": "expected a field",
    "(rate = 1": 'expected ")" at character 10, found the end',
    "rate = (1 OR": "expected a value",
    "rate = ()": "expected a value",
    "rate = 1)": 'expected AND, OR or a comparison at character 9, found ")"',
    "rate == 1": 'expected a value at character 7, found "= 1"',
    'name = "open': "expected a value at character 8",
    "rate. = 1": "expected one of",
    ". = 1": "expected a field",
    "unknown = 1": '"unknown" is not a field that can be filtered by',
    "rate.x = 1": '"rate.x" is not a field',
    "state = FROZEN": 'state is one of PAUSED, RUNNING, not "FROZEN"',
    "state > PAUSED": "state can be compared with = != : only",
    "on < true": "on can be compared with = != : only",
    "on = yes": 'on is compared with true or false, not "yes"',
    "rate = fast": 'rate is compared with a number, not "fast"',
    "rate = nan": "a number",
    "rate < *": "a number",
    "rate = 1_0": "a number",
    "age = 10": 'age is compared with seconds, as in 10s or 0.5s, not "10"',
    "made < yesterday": "a moment, as in 2030-01-31T12:00:00Z",
    "target = x": "target has fields of its own: compare one of them, or ask target:*",
    "(" * (DEEPEST_FILTER + 1): f"nested more than {DEEPEST_FILTER} deep",
    "NOT " * (DEEPEST_FILTER + 1): f"nested more than {DEEPEST_FILTER} deep",
    "rate = " + "(" * (DEEPEST_FILTER + 1): f"nested more than {DEEPEST_FILTER} deep",
    "x" * (LONGEST_FILTER + 1): f"filter must have at most {LONGEST_FILTER} characters",
}


@pytest.mark.parametrize("text", REFUSED)
def test_filters_that_are_refused(text):
    with pytest.raises(HeadraceError) as refused:
        compile_filter(text, Items())
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert REFUSED[text] in refused.value.message


def test_the_deepest_filter_is_understood():
    text = "(" * DEEPEST_FILTER + "rate = 2.5" + ")" * DEEPEST_FILTER
    assert compile_filter(text, Items())(ITEM)


def test_many_wildcards_are_no_trouble():
    """A backtracking matcher would need longer than the test may take."""
    test = compile_filter("name = " + "*a" * 900 + "b", Items())
    assert not test({"name": "a" * 5000})
    assert test({"name": "a" * 5000 + "b"})


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a", ("a",)), ("*", ("", "")), ("a*b", ("a", "b")), ("\\*", ("*",)), ("a\\\\*", ("a\\", "")), ("a\\", ("a",))],
)
def test_wildcards_and_backslashes(text, parts):
    assert Value(text).parts == parts


def test_conjunctions_bind_tighter_than_alternatives():
    assert parse("a=1 OR b=2 c=3") == parse("a=1 OR (b=2 AND c=3)") != parse("(a=1 OR b=2) c=3")


WORDS = [
    *"()-:=<*\"'\\",
    "!=",
    "<=",
    " ",
    "AND",
    "OR",
    "NOT",
    "name",
    "state",
    "rate",
    "target.tags",
    "PAUSED",
    "1",
    "x",
]


def outcome(text):
    """What a filter says of the item, None if it is blank, or the code of the error."""
    try:
        test = compile_filter(text, Items())
    except HeadraceError as error:
        return error.code
    return test and test(ITEM)


@given(st.lists(st.sampled_from(WORDS)).map("".join) | st.text())
def test_any_text_is_a_filter_or_is_refused(text):
    assert outcome(text) in (None, True, False, Code.INVALID_ARGUMENT)


@given(st.text())
def test_a_quoted_text_is_equal_to_itself(text):
    escaped = re.sub(r'([\\"*])', r"\\\1", text)
    assert compile_filter(f'note = "{escaped}"', Items())({"note": text})
