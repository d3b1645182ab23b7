"""REST paths: templates of the RPC table, and how a request's path is taken apart (sections 1.1 and 3.2).

In a template P, L, Q and T stand for the patterns of a project, location, queue and task; `*` is one segment.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_PATTERNS = {
    "P": "projects/*",
    "L": "projects/*/locations/*",
    "Q": "projects/*/locations/*/queues/*",
    "T": "projects/*/locations/*/queues/*/tasks/*",
}
_letter = re.compile(r"\b[PLQT]\b")
_part = re.compile(r"\{[^}]*\}|[^/]+")


@dataclass(frozen=True, slots=True)
class Path:
    """A request's path: decoded segments, and the verb behind the colon ("" if there is none)."""

    segments: tuple[str, ...]
    verb: str

    @classmethod
    def parse(cls, raw: str) -> "Path":
        """Takes a path apart as it stood in the request line, percent escapes and all.

        The verb is split off at the last colon of the last segment only: projects may contain colons. An
        empty last segment before a verb (`tasks/:buffer`) is dropped. An escaped slash stays escaped.
        """
        *parents, last = raw.removeprefix("/").split("/")
        if "%" in raw:
            *parents, last = map(_decode, (*parents, last))
        last, colon, verb = last.rpartition(":") if ":" in last else (last, "", "")
        return cls((*parents, last) if last or not colon else tuple(parents), verb)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled path template."""

    segments: tuple[str, ...]
    verb: str
    variables: tuple[tuple[str, int, int], ...]
    """Field path of the request, and the half-open range of the segments that make its value."""
    words: tuple[int, ...]
    """The places of the segments that are not `*`."""

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Compiles a template such as `/v2/{parent=Q}/tasks:batchCreate`."""
        head, _, verb = _letter.sub(lambda letter: _PATTERNS[letter[0]], text).partition(":")
        segments: list[str] = []
        variables = []
        for part in _part.findall(head):
            field, _, pattern = part.strip("{}").rpartition("=")
            start = len(segments)
            segments += pattern.split("/")
            if field:
                variables.append((field, start, len(segments)))
        words = tuple(place for place, segment in enumerate(segments) if segment != "*")
        return cls(tuple(segments), verb, tuple(variables), words)

    def match(self, path: Path) -> dict[str, str] | None:
        """The values of the variables by field path, or None if the path is another one."""
        if path.verb != self.verb or len(path.segments) != len(self.segments) or "" in path.segments:
            return None
        if any(path.segments[place] != self.segments[place] for place in self.words):
            return None
        return self.values(path)

    def values(self, path: Path) -> dict[str, str]:
        """The values of the variables by field path, in a path that has the words and the verb of this template."""
        return {field: "/".join(path.segments[start:end]) for field, start, end in self.variables}


def _decode(segment: str) -> str:
    """A segment without its percent escapes, but for escaped slashes: they do not separate anything."""
    return "%2F".join(unquote(part) for part in re.split("%2[Ff]", segment)) if "%" in segment else segment
