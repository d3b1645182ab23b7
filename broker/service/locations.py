"""The use cases of locations. None is ever created: any well-formed one can hold queues (section 3.7)."""

from broker.model.names import LocationName
from broker.service import our_texts, texts
from broker.service.broker import Broker
from broker.service.name_rules import location_name
from broker.service.page_size import page_length

_LARGEST_PAGE = 1000


def list_locations(broker: Broker, project: str, *, page_size: int, page_token: str) -> list[LocationName]:
    """The locations of a project, given as projects/P: the one of the node's settings. There is only one page.

    Raises HeadraceError.
    """
    name = LocationName.parse(f"{project}/locations/{broker.location}")
    if name is None:
        raise texts.location_malformed(project)
    page_length(page_size, _LARGEST_PAGE)
    if page_token:
        raise our_texts.page_token_invalid()
    return [name]


def get_location(broker: Broker, name: str) -> LocationName:
    """The location of that name. Raises HeadraceError."""
    return location_name(name)
