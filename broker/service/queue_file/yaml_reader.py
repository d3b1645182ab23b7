"""YAML text -> tree. Only what a configuration needs: no tags, no anchors, nothing deep."""

from collections.abc import Iterator

import yaml

from broker.errors import HeadraceError
from broker.service.queue_file.problems import invalid, quoted
from broker.service.queue_file.tree import Mapping, Node, Scalar, Sequence

_DEEPEST = 8
_NULLS = ("", "~", "null", "Null", "NULL")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Node:
    """The only document of a YAML text. Raises HeadraceError.

    It is built from parser events, not by a loader, so that each text keeps its line and stays a text: a queue may be
    named `off`.
    """
    try:
        return _document(yaml.parse(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise _syntax_error(error) from None


def _document(events: Iterator[yaml.Event]) -> Node:
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root:
                raise invalid("The file must hold one YAML document, not several", _line(event))
            root = _node(next(events), events, 0)
    if root is None or (isinstance(root, Scalar) and not root.text):
        raise invalid("The file is empty")
    return root


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise invalid("Anchors and aliases are not supported", line)
    if getattr(event, "tag", None):
        raise invalid("Tags are not supported", line)
    if depth > _DEEPEST:
        raise invalid("The file is nested too deeply", line)
    if isinstance(event, yaml.ScalarEvent):
        is_null = event.implicit[0] and event.value in _NULLS
        return Scalar("" if is_null else event.value, line)
    nodes = []
    while not isinstance(part := next(events), yaml.CollectionEndEvent):
        nodes.append(_node(part, events, depth + 1))
    if isinstance(event, yaml.SequenceStartEvent):
        return Sequence(tuple(nodes), line)
    keys = nodes[::2]
    return Mapping(tuple(zip(map(_key, keys), nodes[1::2], strict=True)), line)


def _key(node: Node) -> Scalar:
    if not isinstance(node, Scalar):
        raise invalid("A key must be a plain word", node.line)
    return node


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _syntax_error(error: yaml.YAMLError) -> HeadraceError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    return invalid(f"The file is not YAML: {quoted(str(problem)).strip(chr(34))}", mark.line + 1 if mark else 0)
