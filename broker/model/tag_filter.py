"""Which tasks of a pull queue a worker wants (App Engine task queue specification, section 3.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnyTag:
    """Tasks with and without tags."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Tasks with exactly this tag, compared as bytes; of an empty one, tasks without a tag."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class OldestTag:
    """Tasks with the tag of the first task that can be leased; if that has none, tasks without a tag."""


TagFilter = AnyTag | Tag | OldestTag
