"""Field masks: what an update selects and what a read shows (Cloud Tasks specification, 3.6 and 3.7)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import field_mask_pb2

from broker.service import our_texts

EVERYTHING = "*"
_STATS = "stats"
_capital = re.compile(r"[A-Z]")


def snake_paths(paths: Iterable[str]) -> list[str]:
    """The paths of a mask in snake case; camel case is accepted."""
    return [_capital.sub(lambda letter: "_" + letter[0].lower(), path.strip()) for path in paths]


def read_update_mask(request: Any, known_as: Mapping[str, str]) -> list[str]:
    """The paths that an UpdateQueue selects, by the names that the service knows; `known_as` holds those that differ.

    Raises INVALID_ARGUMENT for a path that is no field of this version's queue.
    """
    paths = snake_paths(request.update_mask.paths)
    for path in paths:
        _field_names(request.queue.DESCRIPTOR, path, "update_mask")
    return [_known(path, known_as) for path in paths]


class ReadMask:
    """What a caller wants to see of each queue: everything but statistics, if nothing else is said."""

    def __init__(self, request: Any, queue_class: Any) -> None:
        """Raises INVALID_ARGUMENT for a path that is no field of a queue. A version without read masks has no such."""
        has_mask = "read_mask" in request.DESCRIPTOR.fields_by_name
        paths = snake_paths(request.read_mask.paths) if has_mask else []
        self._queue_class = queue_class
        self._shows_all = not paths or EVERYTHING in paths
        names = [_field_names(queue_class.DESCRIPTOR, path, "read_mask") for path in paths]
        self._mask = field_mask_pb2.FieldMask(paths=[".".join(parts) for parts in names])
        self.wants_stats = EVERYTHING in paths or any(parts[0] == _STATS for parts in names)

    def applied(self, queue: Any) -> Any:
        """The message of a queue with what the mask leaves of it."""
        if self._shows_all:
            return queue
        shown = self._queue_class()
        self._mask.MergeMessage(queue, shown)
        return shown


def _known(path: str, known_as: Mapping[str, str]) -> str:
    for ours, theirs in known_as.items():
        if path == ours or path.startswith(f"{ours}."):
            return theirs + path.removeprefix(ours)
    return path


def _field_names(descriptor: Any, path: str, mask: str) -> list[str]:
    """The descriptor's names of the fields along a path; `type` is called `type_` there."""
    names: list[str] = []
    for part in path.split(".") if path != EVERYTHING else ():
        fields = descriptor.fields_by_name if descriptor else {}
        field = fields.get(part) or fields.get(f"{part}_")
        if field is None:
            raise our_texts.mask_path_unknown(path, mask=mask)
        names.append(field.name)
        descriptor = field.message_type
    return names
