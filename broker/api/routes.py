"""Finds the method that a REST request means."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from broker.api.paths import Path, Template
from broker.api.rpcs import Rpc

_ByWords = dict[tuple[str, ...], list[tuple[Template, Rpc]]]
"""What lies under a verb and the words of a path, in order."""
Found = Mapping[str, tuple[Rpc, Mapping[str, str]]]
"""By HTTP verb, a method and what the path says of its requests by field."""
_MOST_PATHS = 1024


class Routes:
    """The REST side of the RPC table."""

    def __init__(self, rpcs: Iterable[Rpc]) -> None:
        self._by_length: dict[int, dict[tuple[int, ...], _ByWords]] = {}
        """By the number of segments, and by the places of those that are words."""
        self._first_segments: set[str] = set()
        self.find = lru_cache(_MOST_PATHS)(self._find)
        """`_find`, which remembers paths: tasks are created by the thousand under that of their queue."""
        for rpc in rpcs:
            template = Template.parse(rpc.path)
            self._first_segments.add(template.segments[0])
            by_words = self._by_length.setdefault(len(template.segments), {}).setdefault(template.words, {})
            by_words.setdefault((template.verb, *_at(template.words, template.segments)), []).append((template, rpc))

    def prefixes_beside(self, other_paths: Iterable[str]) -> tuple[str, ...]:
        """What paths of the table begin with, `/v2/` and so on, as far as none of the other paths does too."""
        others = {Path.parse(path).segments[0] for path in other_paths}
        return tuple(f"/{first}/" for first in self._first_segments - others)

    def _find(self, raw_path: str) -> Found:
        """The methods under a path; {} if unknown.

        `raw_path` is the path as it stood in the request line, without the query.
        """
        path = Path.parse(raw_path)
        if "" in path.segments:
            return {}
        return {
            rpc.verb: (rpc, template.values(path))
            for words, by_words in self._by_length.get(len(path.segments), {}).items()
            for template, rpc in by_words.get((path.verb, *_at(words, path.segments)), ())
        }


def _at(places: tuple[int, ...], segments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([segments[place] for place in places])
