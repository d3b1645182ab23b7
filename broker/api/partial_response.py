"""Partial responses: which fields of an answer a caller wants to have (Cloud Tasks specification, 3.2).

The grammar is Google's: `a,b` selects two fields, `a/b` or `a.b` a field of a field, `a(b,c)` several of them, and `*`
stands for any field. A list is looked through: `items/id` selects the id of each item. Names may be in snake case.
"""

import re
from typing import Any, Optional

from broker.errors import Code, FieldViolation, HeadraceError

Tree = dict[str, Optional["Tree"]]
"""By field name in camel case, what is selected of the field; None is all of it."""

_ANY = "*"
_token = re.compile(r"\s*([,()/.]|[^\s,()/.]+)\s*")
_word_start = re.compile(r"_([a-z0-9])")
_OPAQUE = {"google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value"}
"""Messages whose fields in JSON are not those of their descriptor."""


class Selection:
    """A caller's choice of fields."""

    def __init__(self, text: str) -> None:
        """Raises INVALID_ARGUMENT for a text that is not of the grammar."""
        self._tree = _parsed(text)

    def check(self, descriptor: Any) -> None:
        """Raises INVALID_ARGUMENT for a path that leads to no field of a message type."""
        _check(self._tree, descriptor, "")

    def of_json(self, value: Any) -> Any:
        """What is selected of a JSON value; the value itself stays as it is."""
        return _of_json(value, [self._tree])

    def trim(self, message: Any) -> None:
        """Clears the fields of a protobuf message that are not selected."""
        _trim(message, [self._tree])


def _parsed(text: str) -> Tree:
    """The tree of a text, built in one pass: `outer` holds the messages whose parenthesis is open."""
    root: Tree = {}
    outer, message, name, expects_name = [root], root, "", True
    for token in _token.findall(text):
        if expects_name != (token not in ",()/."):
            raise _malformed(text)
        if expects_name:
            name, expects_name = _camel(token), False
            continue
        if token in "/.(" and name:
            message = _entered(message, name)
            if token == "(":
                outer.append(message)
        elif token in ",)":
            _select(message, name)
            name = ""
            message = outer[-1] if token == "," else _closed(outer, text)
        else:
            raise _malformed(text)
        expects_name = token != ")"
    if expects_name or len(outer) > 1:
        raise _malformed(text)
    _select(message, name)
    return root


def _entered(message: Tree, name: str) -> Tree:
    """What is selected of a field; nothing that matters if all of it is."""
    below = message.setdefault(name, {})
    return {} if below is None else below


def _closed(outer: list[Tree], text: str) -> Tree:
    outer.pop()
    if not outer:
        raise _malformed(text)
    return outer[-1]


def _select(message: Tree, name: str) -> None:
    if name:
        message[name] = None


def _check(tree: Tree, descriptor: Any, parent: str) -> None:
    fields = {field.json_name: field for field in descriptor.fields}
    for name, below in tree.items():
        path = f"{parent}.{name}" if parent else name
        field = fields.get(name)
        if name == _ANY:
            continue
        if field is None:
            raise _no_such_field(path)
        if below is None or _is_opaque(field.message_type):
            continue
        if not _has_fields(field.message_type):
            raise _no_such_field(f"{path}.{next(iter(below))}")
        _check(below, field.message_type, path)


def _is_opaque(descriptor: Any) -> bool:
    return descriptor is not None and (descriptor.GetOptions().map_entry or descriptor.full_name in _OPAQUE)


def _has_fields(descriptor: Any) -> bool:
    """Whether a type is an object in JSON: timestamps and the like are texts."""
    return descriptor is not None and not descriptor.full_name.startswith("google.protobuf.")


def _below(trees: list[Tree], name: str) -> list[Tree | None]:
    """What several trees select of a field; empty if none has it."""
    return [tree[key] for tree in trees for key in (name, _ANY) if key in tree]


def _of_json(value: Any, trees: list[Tree]) -> Any:
    if isinstance(value, list):
        return [_of_json(item, trees) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        below = _below(trees, _camel(name))
        if below:
            kept[name] = item if None in below else _of_json(item, [tree for tree in below if tree is not None])
    return kept


def _trim(message: Any, trees: list[Tree]) -> None:
    for field, value in message.ListFields():
        below = _below(trees, field.json_name)
        if not below:
            message.ClearField(field.name)
        elif None in below or not (_has_fields(field.message_type) and not _is_opaque(field.message_type)):
            continue
        else:
            for item in value if field.is_repeated else [value]:
                _trim(item, [tree for tree in below if tree is not None])


def _camel(name: str) -> str:
    return _word_start.sub(lambda letter: letter[1].upper(), name)


def _malformed(text: str) -> HeadraceError:
    rule = f"Error expanding 'fields' parameter. Cannot parse {text[:200]!r}: write a,b or a/b or a(b,c)."
    return HeadraceError(Code.INVALID_ARGUMENT, rule, FieldViolation("fields", rule))


def _no_such_field(path: str) -> HeadraceError:
    rule = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path[:200]}'."
    return HeadraceError(Code.INVALID_ARGUMENT, "Request contains an invalid argument.", FieldViolation(path, rule))
