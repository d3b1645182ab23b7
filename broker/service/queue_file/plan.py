"""What applying a queue file would do, worked out before anything is done (section 8.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from broker.model.limits import Limits
from broker.model.names import LocationName
from broker.model.queue import Queue, QueueState
from broker.service.queue_file.entry import QueueEntry, QueueFile, configured, created, entry_of
from broker.service.queue_file.writer import settings

_UNTOUCHABLE = "default"


class Prune(StrEnum):
    """What becomes of queues that the file does not list. The queue `default` is never touched."""

    NONE = "none"
    PAUSE = "pause"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What becomes of one queue: it is created (`before` is None), changed, or left as it is."""

    before: Queue | None
    after: Queue
    entry: QueueEntry | None
    """None for a queue that the file does not list."""

    @property
    def new_state(self) -> QueueState | None:
        """The state to bring the queue into, None if it keeps its own."""
        return None if self.before and self.before.state is self.after.state else self.after.state

    @property
    def is_configured(self) -> bool:
        """Whether the queue is created or its configuration changes."""
        return self.before is None or replace(self.before, state=self.after.state) != self.after

    def lines(self) -> Iterator[str]:
        """The change in words, nothing if there is none."""
        queue_id, after = self.after.name.queue_id, settings(entry_of(self.after))
        if self.before is None:
            paused = "paused, " if self.after.state is QueueState.PAUSED else ""
            yield f"create {queue_id}: {paused}{', '.join(f'{key} {value}' for key, value in after.items())}"
            return
        if self.is_configured:
            before = settings(entry_of(self.before))
            keys = [key for key in before | after if before.get(key) != after.get(key)]
            changes = (f"{key} {before.get(key, 'unset')} -> {after.get(key, 'unset')}" for key in keys)
            yield f"update {queue_id}: {', '.join(changes)}"
        if self.new_state:
            reason = "" if self.entry else ": not in the file"
            yield f"{_VERBS[self.new_state]} {queue_id}{reason}"


_VERBS = {QueueState.RUNNING: "resume", QueueState.PAUSED: "pause", QueueState.DISABLED: "disable"}


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to the queues of one location, those that change nothing included."""

    location: LocationName
    changes: tuple[QueueChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether applying it would do nothing."""
        return not any(change.is_configured or change.new_state for change in self.changes)

    def __str__(self) -> str:
        lines = [line for change in self.changes for line in change.lines()]
        unchanged = sum(not (change.is_configured or change.new_state) for change in self.changes)
        return "\n".join([f"{self.location}: changes {len(lines)}, queues unchanged {unchanged}", *lines])


def make_plan(location: LocationName, file: QueueFile, present: Sequence[Queue], prune: Prune, limits: Limits) -> Plan:
    """What brings the present queues of a location to what the file says: first those it lists, in its order."""
    by_id = {queue.name.queue_id: queue for queue in present}
    listed = [_listed(location, entry, by_id.pop(entry.queue_id, None), file, limits) for entry in file.entries]
    return Plan(location, (*listed, *(_unlisted(queue, prune) for queue in by_id.values())))


def _listed(
    location: LocationName, entry: QueueEntry, queue: Queue | None, file: QueueFile, limits: Limits
) -> QueueChange:
    if queue is None:
        return QueueChange(None, created(location, entry, limits), entry)
    state = queue.state
    if entry.paused and state is QueueState.RUNNING:
        state = QueueState.PAUSED
    elif not entry.paused and file.resume_paused_queues:
        state = QueueState.RUNNING
    return QueueChange(queue, replace(configured(queue, entry), state=state), entry)


def _unlisted(queue: Queue, prune: Prune) -> QueueChange:
    state = queue.state
    if queue.name.queue_id == _UNTOUCHABLE or prune is Prune.NONE or state is QueueState.DISABLED:
        return QueueChange(queue, queue, None)
    state = QueueState.PAUSED if prune is Prune.PAUSE else QueueState.DISABLED
    return QueueChange(queue, replace(queue, state=state), None)
