"""The grammar of filters, parsed by recursive descent.

    expression = conjunction { "OR" conjunction }
    conjunction = term { [ "AND" ] term }
    term = [ "NOT" | "-" ] ( "(" expression ")" | comparison )
    comparison = path ( "<=" | "<" | ">=" | ">" | "!=" | "=" | ":" ) argument
    argument = value | "(" expression of values instead of comparisons ")"

`state = (PAUSED OR DISABLED)` thus stands for `state = PAUSED OR state = DISABLED`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from broker.service import our_texts
from broker.service.filter.lexer import Lexer, Word

_pieces = re.compile(r"\\.|\\$|\*|[^\\*]+", re.DOTALL)

LONGEST_FILTER = 2000
DEEPEST_FILTER = 20


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is compared with. A `*` is a wildcard unless a backslash stands before it."""

    text: str
    """As written, without quotes; backslashes are kept."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts before, between and behind the wildcards; one text if there are none."""
        parts = [""]
        for piece in _pieces.findall(self.text):
            if piece == "*":
                parts.append("")
            else:
                parts[-1] += piece[1:] if piece[0] == "\\" else piece
        return tuple(parts)

    @property
    def plain(self) -> str:
        """The text itself, its wildcards taken for asterisks."""
        return "*".join(self.parts)

    @property
    def is_any(self) -> bool:
        """Whether it stands for any value at all."""
        return self.parts == ("", "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field with one value."""

    path: tuple[str, ...]
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where the operand does not."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class All:
    """Holds where every operand does."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Holds where some operand does."""

    operands: tuple["Expression", ...]


Expression = Comparison | Not | All | Any

_ParseOperand = Callable[[int], Expression]


def parse(text: str) -> Expression:
    """The tree of a filter that is not blank. Raises INVALID_ARGUMENT, naming the place."""
    if len(text) > LONGEST_FILTER:
        raise our_texts.text_too_long("filter", LONGEST_FILTER)
    parser = _Parser(Lexer(text))
    expression = parser.expression(parser.comparison, 0)
    if not parser.lexer.is_at_end:
        raise parser.lexer.refusal("AND, OR or a comparison")
    return expression


class _Parser:
    """Each method reads what its name says. `depth` counts parentheses and negations around it."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer

    def expression(self, operand: _ParseOperand, depth: int) -> Expression:
        parts = [self._conjunction(operand, depth)]
        while self.lexer.accept(Word.OR):
            parts.append(self._conjunction(operand, depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def comparison(self, depth: int) -> Expression:
        path = self.lexer.accept(Word.PATH)
        if path is None:
            raise self.lexer.refusal("a field, as in state = RUNNING")
        operator = self.lexer.accept(Word.OPERATOR)
        if operator is None:
            raise self.lexer.refusal("one of <= < >= > != = :")
        names = tuple(path.split("."))

        def argument(_depth: int) -> Expression:
            return Comparison(names, operator, self._value())

        if self.lexer.accept(Word.OPEN):
            return self._closed(argument, depth)
        return argument(depth)

    def _conjunction(self, operand: _ParseOperand, depth: int) -> Expression:
        parts = [self._term(operand, depth)]
        while self.lexer.accept(Word.AND) or not self._ends_here():
            parts.append(self._term(operand, depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self, operand: _ParseOperand, depth: int) -> Expression:
        if self.lexer.accept(Word.NOT) or self.lexer.accept(Word.MINUS):
            return Not(self._term(operand, self._deeper(depth)))
        if self.lexer.accept(Word.OPEN):
            return self._closed(operand, depth)
        return operand(depth)

    def _closed(self, operand: _ParseOperand, depth: int) -> Expression:
        expression = self.expression(operand, self._deeper(depth))
        if not self.lexer.accept(Word.CLOSE):
            raise self.lexer.refusal('")"')
        return expression

    def _value(self) -> Value:
        quoted = self.lexer.accept(Word.QUOTED)
        if quoted is not None:
            return Value(quoted[1:-1])
        plain = self.lexer.accept(Word.PLAIN)
        if plain is None:
            raise self.lexer.refusal("a value")
        return Value(plain)

    def _ends_here(self) -> bool:
        return self.lexer.is_at_end or self.lexer.looks_at(Word.OR) or self.lexer.looks_at(Word.CLOSE)

    def _deeper(self, depth: int) -> int:
        if depth >= DEEPEST_FILTER:
            raise our_texts.filter_invalid(f"it is nested more than {DEEPEST_FILTER} deep")
        return depth + 1
