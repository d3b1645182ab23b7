"""Values of a row that are known when it is played, or that stand for many."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROJECT = "the-project"


@dataclass(frozen=True, eq=False)
class Like:
    """Any text of a pattern."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None


@dataclass(frozen=True, eq=False)
class Shows:
    """An object with these members at least."""

    members: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return False
        return all(name in other and other[name] == value for name, value in self.members.items())


@dataclass(frozen=True, eq=False)
class Lacks:
    """An object without these members."""

    names: frozenset[str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and not self.names & other.keys()


@dataclass(frozen=True)
class Earlier:
    """In a request: what the last of the calls before it has answered, by a path such as `tasks.0.scheduleTime`."""

    path: str

    def find(self, answer: Any) -> Any:
        """The value there."""
        for step in self.path.split("."):
            answer = answer[int(step) if step.isdigit() else step]
        return answer


_SECOND = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
WHOLE_SECOND = Like(_SECOND + "Z")
MICROSECOND = Like(_SECOND + r"(\.\d{3}|\.\d{6})?Z")
TEXT = Like(".+")


def in_project(value: Any, project: str, earlier: Any = None) -> Any:
    """A value of a row, with the project's id in place of `the-project`, and what had to be known before."""
    if isinstance(value, str):
        return value.replace(PROJECT, project)
    if isinstance(value, Mapping):
        return {in_project(name, project): in_project(item, project, earlier) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_project(item, project, earlier) for item in value]
    if isinstance(value, Like):
        return Like(value.pattern.replace(PROJECT, project))
    if isinstance(value, Shows):
        return Shows(in_project(value.members, project))
    if isinstance(value, Earlier):
        return value.find(earlier)
    return value
