"""The values of the chart with the comments that document them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VALUES = Path(__file__).parents[2] / "helm" / "headrace" / "values.yaml"


@dataclass(frozen=True)
class Value:
    """One documented value."""

    path: tuple[str, ...]
    default: Any
    meaning: str


def documented(text: str) -> list[Value]:
    """The values that a comment `# -- ...` precedes, in the order of the file."""
    tree = yaml.safe_load(text)
    found: list[Value] = []
    path: list[str] = []
    meaning = ""
    for line in text.splitlines():
        if comment := re.match(r" *# -- (.*)", line):
            meaning = comment[1]
        elif key := re.match(r"( *)([A-Za-z]\w*):", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if meaning:
                found.append(Value(tuple(path), at(tree, path), meaning))
            meaning = ""
    return found


def leaves(tree: Any, documented_paths: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of all values; what is documented as a whole is not looked into."""
    if path in documented_paths or not isinstance(tree, dict) or not tree:
        return [path]
    return [leaf for key, below in tree.items() for leaf in leaves(below, documented_paths, (*path, key))]


def at(tree: Any, path: list[str] | tuple[str, ...]) -> Any:
    """What a tree holds at a path."""
    for key in path:
        tree = tree[key]
    return tree
