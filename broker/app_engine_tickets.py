"""Reading which ticket of the App Engine API leads where: texts TICKET=PROJECT/LOCATION."""

from collections.abc import Iterable

from broker.model.names import LocationName


def ticket_locations(texts: Iterable[str]) -> dict[str, LocationName]:
    """Locations by ticket. Raises ValueError with the remedy, which does not show the ticket: it may be a secret."""
    locations: dict[str, LocationName] = {}
    for text in texts:
        ticket, _, place = text.rpartition("=")
        project, _, location = place.partition("/")
        name = LocationName.parse(f"projects/{project}/locations/{location}")
        if not ticket or name is None:
            raise ValueError(f"write TICKET=PROJECT/LOCATION; something is missing or wrong around ={place!r}")
        locations[ticket] = name
    return locations
