"""Finds the method that a REST request means."""

from collections.abc import Iterable

from broker.api.paths import Path, Template
from broker.api.rpcs import Rpc


class Routes:
    """The REST side of the RPC table."""

    def __init__(self, rpcs: Iterable[Rpc]) -> None:
        self._by_shape: dict[tuple[str, int, str], list[tuple[Template, Rpc]]] = {}
        for rpc in rpcs:
            template = Template.parse(rpc.path)
            shape = (template.segments[0], len(template.segments), template.verb)
            self._by_shape.setdefault(shape, []).append((template, rpc))

    def find(self, raw_path: str) -> dict[str, tuple[Rpc, dict[str, str]]]:
        """By HTTP verb, the methods under a path and what the path says of their requests; {} if unknown.

        `raw_path` is the path as it stood in the request line, without the query.
        """
        path = Path.parse(raw_path)
        found: dict[str, tuple[Rpc, dict[str, str]]] = {}
        version = path.segments[0] if path.segments else ""
        for template, rpc in self._by_shape.get((version, len(path.segments), path.verb), ()):
            values = template.match(path)
            if values is not None:
                found[rpc.verb] = (rpc, values)
        return found
