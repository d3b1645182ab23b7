"""A mapping of a queue file under its rules: known keys only, each at most once, values of the right shape."""

from broker.service.queue_file.problems import invalid, quoted
from broker.service.queue_file.tree import Mapping, Node, Scalar, Sequence


class Section:
    """The members of one mapping. `what` names it in errors. Raises HeadraceError."""

    def __init__(self, node: Node, what: str, known: tuple[str, ...]) -> None:
        self.line = node.line
        self._members: dict[str, Node] = {}
        if isinstance(node, Scalar) and not node.text:
            return
        if not isinstance(node, Mapping):
            raise invalid(f"Expected {what} with its keys", node.line)
        for key, value in node.members:
            if key.text not in known:
                raise invalid(f"Unknown key {quoted(key.text)} in {what}; known are {', '.join(known)}", key.line)
            if key.text in self._members:
                raise invalid(f"{key.text} is given twice in {what}", key.line)
            self._members[key.text] = value

    def node(self, key: str) -> Node | None:
        """The value of a key, None if it was not given."""
        node = self._members.get(key)
        return None if isinstance(node, Scalar) and not node.text else node

    def text(self, key: str) -> Scalar | None:
        """The single text of a key, None if it was not given."""
        node = self.node(key)
        if node is not None and not isinstance(node, Scalar):
            raise invalid(f"{key} must be a single value", node.line)
        return node

    def items(self, key: str) -> tuple[Node, ...]:
        """The list of a key, empty if it was not given."""
        node = self.node(key)
        if node is not None and not isinstance(node, Sequence):
            raise invalid(f"{key} must be a list", node.line)
        return node.items if node else ()

    def section(self, key: str, what: str, known: tuple[str, ...]) -> "Section":
        """The mapping of a key, without members if it was not given."""
        return Section(self.node(key) or Scalar("", self.line), what, known)
