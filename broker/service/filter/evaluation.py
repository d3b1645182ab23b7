"""A filter's tree as a test of one item.

`!=` is the opposite of `=`, so it holds where the field is not set. Of a repeated field one value must fit. Texts are
equal letter for letter, `:` finds a text inside another in any case; a `*` stands for any text.
"""

import operator
from collections.abc import Callable
from typing import Any

from broker.service import our_texts
from broker.service.filter import grammar
from broker.service.filter.glob import Glob
from broker.service.filter.literals import read_literal
from broker.service.filter.schema import Field, Kind, Schema

Test = Callable[[Any], bool]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    ":": operator.eq,
}
_UNORDERED = (Kind.BOOLEAN, Kind.NAME)


def compile_filter(text: str, schema: Schema) -> Test | None:
    """The test of a filter; None for a blank one, which lets everything through. Raises INVALID_ARGUMENT."""
    return _test(grammar.parse(text), schema) if text.strip() else None


def _test(expression: grammar.Expression, schema: Schema) -> Test:
    match expression:
        case grammar.Comparison():
            return _comparison(expression, schema)
        case grammar.Not():
            negated = _test(expression.operand, schema)
            return lambda item: not negated(item)
        case grammar.All():
            every = [_test(operand, schema) for operand in expression.operands]
            return lambda item: all(test(item) for test in every)
        case grammar.Any():
            some = [_test(operand, schema) for operand in expression.operands]
            return lambda item: any(test(item) for test in some)


def _comparison(comparison: grammar.Comparison, schema: Schema) -> Test:
    path = ".".join(comparison.path)
    field = schema.field(comparison.path)
    if field is None:
        raise our_texts.filter_invalid(f'"{path}" is not a field that can be filtered by')
    negated = comparison.operator == "!="
    fits = _fitting(field, "=" if negated else comparison.operator, comparison.value, path)
    return lambda item: any(map(fits, field.values(item))) is not negated


def _fitting(field: Field, sign: str, value: grammar.Value, path: str) -> Test:
    """Whether one value of the field fits."""
    if value.is_any and sign in ("=", ":"):
        return bool
    if field.kind is Kind.MESSAGE:
        raise our_texts.filter_invalid(f"{path} has fields of its own: compare one of them, or ask {path}:*")
    if field.kind in _UNORDERED and sign not in ("=", ":"):
        raise our_texts.filter_invalid(f"{path} can be compared with = != : only")
    if field.kind is Kind.TEXT and sign in ("=", ":"):
        return Glob.inside(value.parts).matches if sign == ":" else Glob(value.parts).matches
    wanted, order = read_literal(field, value.plain, path), _ORDERS[sign]
    return lambda found: order(found, wanted)
