"""A row of the conformance table: one call, what is there before it, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Version = Literal["v2", "v2beta3", "v2beta2"]
Protocol = Literal["grpc", "rest"]
Request = Mapping[str, Any]

VERSIONS: tuple[Version, ...] = ("v2", "v2beta3", "v2beta2")
BETAS: tuple[Version, ...] = ("v2beta3", "v2beta2")
WITH_DEADLINES: tuple[Version, ...] = ("v2", "v2beta3")
PROTOCOLS: tuple[Protocol, ...] = ("grpc", "rest")


@dataclass(frozen=True)
class Evidence:
    """Why the service is believed to behave so: the specification's mark, and the section that says it."""

    mark: Literal["S", "D", "I"]
    section: str


def seen(section: str) -> Evidence:
    """Recorded from the real service, as a rule in v2, or reported by its users: exact."""
    return Evidence("S", section)


def documented(section: str) -> Evidence:
    """In Google's protos, reference or clients. The text of an error may still be ours."""
    return Evidence("D", section)


def inferred(section: str) -> Evidence:
    """Our own decision: nobody has seen the real service do it."""
    return Evidence("I", section)


@dataclass(frozen=True)
class Call:
    """A call that must succeed before the one that a row is about. The request is the message's JSON."""

    method: str
    request: Request
    version: Version = "v2"


@dataclass(frozen=True)
class Answer:
    """Success: the JSON of the response message. `tests.api.conformance.matching` has what stands for many values."""

    message: Any


@dataclass(frozen=True)
class Refusal:
    """An error as a caller gets it: canonical code, text and details, the same over gRPC and REST."""

    code: str
    text: str
    details: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Row:
    """What a method answers in one case. Names in it are of the project `the-project`; each play has its own.

    `versions` are those in which it holds, by default all that have the method. `only` is the protocol that can
    express the request, if the other one cannot.
    """

    method: str
    case: str
    request: Request
    outcome: Answer | Refusal
    evidence: Evidence
    given: Sequence[Call] = ()
    versions: Sequence[Version] = VERSIONS
    only: Protocol | None = None

    @property
    def protocols(self) -> Sequence[Protocol]:
        """The protocols over which it is played."""
        return PROTOCOLS if self.only is None else (self.only,)


def answers(method: str, case: str, request: Request, message: Any, evidence: Evidence, **more: Any) -> Row:
    """A row of a call that succeeds."""
    return Row(method, case, request, Answer(message), evidence, **more)


def refuses(
    method: str,
    case: str,
    request: Request,
    code: str,
    text: str,
    evidence: Evidence,
    *,
    details: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> Row:
    """A row of a call that fails."""
    return Row(method, case, request, Refusal(code, text, details), evidence, **more)
