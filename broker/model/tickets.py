"""Which project a caller of the App Engine API means: its calls carry a ticket, not a project."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model.names import LocationName

DEFAULT_LOCATION = LocationName("local", "us-central1")


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets that are known. Without any, every project is open, and a location's name is a ticket to it."""

    default: LocationName = DEFAULT_LOCATION
    """What a ticket that is not known leads to."""
    locations: Mapping[str, LocationName] = field(default_factory=dict)
    admin: frozenset[str] = frozenset()
    """Tickets with which queues can be managed, and every project reached."""

    def location(self, ticket: str, project: str = "") -> LocationName | None:
        """The location of a call, in `project` if it names one; None if the ticket does not reach it."""
        own = self.locations.get(ticket) or (None if self.locations else LocationName.parse(ticket)) or self.default
        if not project or project == own.project:
            return own
        if self.locations and not self.is_admin(ticket):
            return None
        known = (location for location in self.locations.values() if location.project == project)
        return next(known, LocationName.parse(str(LocationName(project, own.location))))

    def is_admin(self, ticket: str) -> bool:
        """Whether queues can be managed with this ticket."""
        return ticket in self.admin

    def ticket(self, location: LocationName) -> str:
        """A ticket that leads to a location; its name if none is known."""
        return next((ticket for ticket, leads_to in self.locations.items() if leads_to == location), str(location))
