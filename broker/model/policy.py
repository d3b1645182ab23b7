"""Who may do what with a queue, as IAM writes it down (Cloud Tasks specification, section 7)."""

from dataclasses import dataclass

EMPTY_ETAG = b"\x00\x20\x01"
"""The etag of a policy that nobody has set, "ACAB" in JSON."""

CONDITIONAL_VERSION = 3
"""The version of the format that has conditions."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a binding holds: an expression in CEL. It is kept, not evaluated."""

    expression: str
    title: str
    description: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """Gives a role to members."""

    role: str
    members: tuple[str, ...]
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The bindings of a queue. The etag is another one after each change, and the same until the next."""

    bindings: tuple[Binding, ...] = ()
    etag: bytes = EMPTY_ETAG

    @property
    def has_conditions(self) -> bool:
        """Whether it can only be written down in the version with conditions."""
        return any(binding.condition for binding in self.bindings)

    @property
    def version(self) -> int:
        """The lowest version of the format that holds it; 0 while it says nothing."""
        if not self.bindings:
            return 0
        return CONDITIONAL_VERSION if self.has_conditions else 1
