"""What a filter can ask of an item: its fields, whatever the item is made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol


class Kind(Enum):
    """What a field holds."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    NAME = auto()
    """A value of an enum, as its name."""
    DURATION = auto()
    """In microseconds."""
    TIMESTAMP = auto()
    """In microseconds since the epoch."""
    MESSAGE = auto()
    """Only whether it is there can be asked."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an item."""

    kind: Kind
    values: Callable[[Any], Iterable[Any]]
    """Its values in an item: none where it is not set, several where it is repeated."""
    names: frozenset[str] = frozenset()
    """Of an enum, the names that there are."""


class Schema(Protocol):
    """The fields of the listed items."""

    def field(self, path: tuple[str, ...]) -> Field | None:
        """The field of that path, None if there is none."""
