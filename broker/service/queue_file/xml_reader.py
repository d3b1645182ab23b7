"""XML text -> the tree of the equivalent YAML: queue.xml converts one to one (section 8.1)."""

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from broker.service.queue_file.problems import invalid, quoted
from broker.service.queue_file.tree import Mapping, Node, Scalar, Sequence

_ROOT = "queue-entries"
_DEEPEST = 8


@dataclass(slots=True)
class _Element:
    name: str
    line: int
    text: str = ""
    children: list["_Element"] = field(default_factory=list)


def read_xml(text: str) -> Node:
    """The tree of a queue.xml: dashes become underscores, `queue` and `acl` become lists. Raises HeadraceError."""
    root = _Parser().parse(text)
    if root.name != _ROOT:
        raise invalid(f"The root of the XML must be {_ROOT}, not {quoted(root.name)}", root.line)
    queues = Sequence(tuple(_node(child) for child in root.children if child.name == "queue"), root.line)
    others = [_member(child) for child in root.children if child.name != "queue"]
    return Mapping(((Scalar("queue", root.line), queues), *others), root.line)


def _member(element: _Element) -> tuple[Scalar, Node]:
    return Scalar(element.name.replace("-", "_"), element.line), _node(element)


def _node(element: _Element) -> Node:
    if element.children and element.text.strip():
        raise invalid(f"Text beside the elements of {quoted(element.name)}", element.line)
    if element.name == "acl":
        entries = tuple(Mapping((_member(child),), child.line) for child in element.children)
        return Sequence(entries, element.line)
    if element.children:
        return Mapping(tuple(map(_member, element.children)), element.line)
    return Scalar(element.text.strip(), element.line)


class _Parser:
    """One run of expat. A document that declares entities is refused: they can blow up, or read files."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.EntityDeclHandler = self._refuse_entity
        self._open = [_Element("", 0)]

    def parse(self, text: str) -> _Element:
        try:
            self._expat.Parse(text, True)
        except expat.ExpatError as error:
            raise invalid(f"The file is not XML: {expat.ErrorString(error.code)}", error.lineno) from None
        return self._open[0].children[0]

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise invalid("The file is nested too deeply", self._expat.CurrentLineNumber)
        element = _Element(name, self._expat.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _refuse_entity(self, *_declaration: object) -> NoReturn:
        raise invalid("Entity declarations are not supported", self._expat.CurrentLineNumber)
