"""Matching of texts with wildcards, in time that grows with the product of both lengths at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern: the texts before, between and behind its wildcards."""

    parts: tuple[str, ...]
    any_case: bool = False

    @classmethod
    def inside(cls, parts: tuple[str, ...]) -> "Glob":
        """The pattern for a text that holds these parts anywhere, in any case."""
        return cls(("", *(part.casefold() for part in parts), ""), any_case=True)

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        if self.any_case:
            text = text.casefold()
        first, *rest = self.parts
        if not rest:
            return text == first
        *middle, last = rest
        if not text.startswith(first):
            return False
        position = len(first)
        for part in middle:
            position = text.find(part, position)
            if position < 0:
                return False
            position += len(part)
        return text.endswith(last) and len(text) - len(last) >= position
