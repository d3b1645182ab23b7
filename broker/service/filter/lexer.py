"""The words of a filter. What a word may be depends on where it stands, so the parser asks for one at a time."""

import re
from enum import Enum

from broker.errors import HeadraceError
from broker.service import our_texts


class Word(Enum):
    """What the parser can ask for. The value is the pattern."""

    OPEN = re.compile(r"\(")
    CLOSE = re.compile(r"\)")
    MINUS = re.compile(r"-(?=[A-Za-z_(])")
    NOT = re.compile(r"NOT(?![\w.])")
    AND = re.compile(r"AND(?![\w.])")
    OR = re.compile(r"OR(?![\w.])")
    PATH = re.compile(r"(?!(?:AND|OR|NOT)(?![\w.]))[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
    OPERATOR = re.compile(r"<=|>=|!=|<|>|=|:")
    QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'", re.DOTALL)
    PLAIN = re.compile(r"""[^\s()"',<>=!][^\s()"']*""")
    """A value without quotes."""


_space = re.compile(r"\s*")


class Lexer:
    """A filter's text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._skip_space()

    @property
    def is_at_end(self) -> bool:
        """Whether everything is read."""
        return self._position == len(self._text)

    def looks_at(self, word: Word) -> bool:
        """Whether the next word is of this kind; it stays unread."""
        return word.value.match(self._text, self._position) is not None

    def accept(self, word: Word) -> str | None:
        """The next word if it is of this kind, which is then read; else None."""
        match = word.value.match(self._text, self._position)
        if match is None:
            return None
        self._position = match.end()
        self._skip_space()
        return str(match[0])

    def refusal(self, wanted: str) -> HeadraceError:
        """The error for what stands here instead of what is wanted."""
        rest = self._text[self._position : self._position + 20]
        found = f'"{rest}"' if rest else "the end"
        return our_texts.filter_invalid(f"expected {wanted} at character {self._position + 1}, found {found}")

    def _skip_space(self) -> None:
        match = _space.match(self._text, self._position)
        self._position = match.end() if match else self._position
