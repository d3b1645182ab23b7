"""A configuration file as texts with line numbers: what YAML and XML have in common.

An empty text stands for "not given". What the texts mean is decided by the grammar, not by the notation.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file; a key may still be there twice."""

    members: tuple[tuple[Scalar, "Node"], ...]
    line: int


Node = Scalar | Sequence | Mapping
