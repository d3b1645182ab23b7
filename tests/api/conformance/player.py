"""Plays rows of the table against a running node."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.api.conformance.matching import in_project
from tests.api.conformance.row import Answer, Protocol, Refusal, Row, Version
from tests.api.conformance.wires import Wire, rpcs_of

_numbers = count()


@dataclass(frozen=True)
class Play:
    """A row in one version over one protocol."""

    version: Version
    protocol: Protocol


def plays_of(row: Row) -> Iterator[Play]:
    """All plays of a row: in the versions that have the method, over the protocols that can express the request."""
    for version in row.versions:
        for protocol in row.protocols if rpcs_of(row.method, version) else ():
            yield Play(version, protocol)


def outcomes_of(row: Row, wires: Mapping[Protocol, Wire]) -> tuple[dict[Play, Any], dict[Play, Any]]:
    """What each play of a row answers, and what it should.

    A call that reads, or is refused, changes nothing, so all plays of its row share one stage.
    """
    stage: _Stage | None = None
    found, wanted = {}, {}
    for play in plays_of(row):
        if stage is None or not _changes_nothing(row):
            stage = _Stage(row, wires["grpc"])
        found[play] = wires[play.protocol].call(row.method, play.version, stage.filled(row.request))
        wanted[play] = stage.filled_outcome(row.outcome)
    return found, wanted


def _changes_nothing(row: Row) -> bool:
    return isinstance(row.outcome, Refusal) or row.method.startswith(("Get", "List", "Test"))


class _Stage:
    """A project, with an id as long as that of the table's, in which what a row is given was made."""

    def __init__(self, row: Row, wire: Wire) -> None:
        self._project = f"project{next(_numbers):04d}"
        self._earlier: Any = None
        for call in row.given:
            outcome = wire.call(call.method, call.version, self.filled(call.request))
            assert isinstance(outcome, Answer), outcome
            self._earlier = outcome.message

    def filled(self, value: Any) -> Any:
        """A value of the row as it is here."""
        return in_project(value, self._project, self._earlier)

    def filled_outcome(self, outcome: Answer | Refusal) -> Answer | Refusal:
        """The outcome of the row as it is here."""
        if isinstance(outcome, Answer):
            return Answer(self.filled(outcome.message))
        return Refusal(outcome.code, self.filled(outcome.text), self.filled(outcome.details))
