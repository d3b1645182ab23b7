"""What LeaseTasks asks of its arguments (Cloud Tasks specification, 5.12)."""

import pytest

from broker.errors import Code, HeadraceError
from broker.model.tag_filter import AnyTag, OldestTag, Tag
from broker.service.lease_rules import lease_duration_us, proof_of_lease, tag_filter, tasks_wanted


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", AnyTag()),
        ("  ", AnyTag()),
        ("tag=x", Tag(b"x")),
        (" tag = x y ", Tag(b"x y")),
        ('tag="x"', Tag(b"x")),
        ('tag=" x "', Tag(b" x ")),
        ('tag=""', Tag(b"")),
        ("tag=", Tag(b"")),
        ('tag="say "hi""', Tag(b'say "hi"')),
        (r'tag="say \"hi\""', Tag(b'say "hi"')),
        (r'tag="a\b\\c"', Tag(rb"a\b\c")),
        ('tag="', Tag(b'"')),
        ("tag=oldest_tag()", Tag(b"oldest_tag()")),
        ("tag=Grüße\nan alle", Tag("Grüße\nan alle".encode())),
        (f"tag={'x' * 499}", Tag(b"x" * 499)),
        ("tag_function=oldest_tag()", OldestTag()),
        (" tag_function = oldest_tag ( ) ", OldestTag()),
    ],
)
def test_filters(text, selected):
    assert tag_filter(text) == selected


@pytest.mark.parametrize(
    "text",
    ["x", "tags=x", "tag:x", "tag_function=newest_tag()", "tag_function=oldest_tag", "TAG=x", f"tag={'x' * 500}"],
)
def test_filters_that_are_refused(text):
    with pytest.raises(HeadraceError, match="filter") as refused:
        tag_filter(text)
    assert refused.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("given_us", "lease_us"), [(1_000_000, 1_000_000), (1_999_999, 1_000_000), (-5_000_000, -5_000_000)]
)
def test_durations_are_whole_seconds(given_us, lease_us):
    assert lease_duration_us(given_us) == lease_us


@pytest.mark.parametrize("given_us", [None, 0, 999_999])
def test_durations_that_are_refused(given_us):
    with pytest.raises(HeadraceError, match="lease_duration"):
        lease_duration_us(given_us)


def test_one_task_unless_more_are_asked_for():
    assert (tasks_wanted(0), tasks_wanted(7), tasks_wanted(-1)) == (1, 7, -1)


def test_a_lease_is_proven_by_its_schedule_time():
    assert proof_of_lease(5) == 5
    with pytest.raises(HeadraceError, match=r"schedule_time must be set\."):
        proof_of_lease(None)
