"""What LeaseTasks and its kin ask of their arguments (Cloud Tasks specification, 5.12).

The limits of leases are the same on every surface and checked in `pull`; here is what only v2beta2 rules.
"""

import re

from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.service import our_texts

_SECOND_US = 1_000_000
_LONGEST_TAG = 500
_filter_shape = re.compile(r"\s*(tag|tag_function)\s*=\s*(.*?)\s*", re.DOTALL)
_quoted_tag = re.compile(r'"(.*)"', re.DOTALL)
_escape = re.compile(r'\\(["\\])')


def tasks_wanted(max_tasks: int) -> int:
    """How many tasks to lease; one if the caller does not say."""
    return max_tasks or 1


def lease_duration_us(given_us: int | None) -> int:
    """How long a lease is to last: it must be said, and fractions of a second are cut off. Raises HeadraceError."""
    if given_us is None or 0 <= given_us < _SECOND_US:
        raise our_texts.lease_duration_required()
    return given_us - given_us % _SECOND_US


def proof_of_lease(schedule_us: int | None) -> int:
    """The schedule time that a lease was answered with. Raises HeadraceError."""
    if schedule_us is None:
        raise our_texts.required("schedule_time")
    return schedule_us


def tag_filter(text: str) -> TagFilter:
    """What a filter selects: `tag=TAG`, in double quotes or not, `tag_function=oldest_tag()`, or "" for all tasks.

    Raises HeadraceError.
    """
    if not text.strip():
        return AnyTag()
    shape = _filter_shape.fullmatch(text)
    if shape and shape[1] == "tag":
        return Tag(_tag(shape[2]).encode())
    if shape and re.fullmatch(r"oldest_tag\s*\(\s*\)", shape[2]):
        return OldestTag()
    raise our_texts.lease_filter_invalid(text)


def _tag(text: str) -> str:
    quoted = _quoted_tag.fullmatch(text)
    tag = _escape.sub(r"\1", quoted[1]) if quoted else text
    if len(tag) >= _LONGEST_TAG:
        raise our_texts.lease_filter_too_long(_LONGEST_TAG)
    return tag
