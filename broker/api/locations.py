"""The calls of google.cloud.location.Locations, the same in all versions (Cloud Tasks specification, 3.7)."""

from typing import Any

from google.cloud.location import locations_pb2

from broker.api.filter_fields import MessageFields
from broker.model.names import LocationName
from broker.service import locations
from broker.service.broker import Broker
from broker.service.filter.evaluation import compile_filter

_REGION_LABEL = "cloud.googleapis.com/region"
"""The only label there is: gcloud takes the first one for the region."""


_FILTER_FIELDS = MessageFields(locations_pb2.Location, without=frozenset({"labels", "metadata"}))


async def list_locations(broker: Broker, request: Any) -> Any:
    """ListLocations."""
    page = locations.list_locations(
        broker,
        request.name,
        page_size=request.page_size,
        page_token=request.page_token,
    )
    fits = compile_filter(request.filter, _FILTER_FIELDS)
    return locations_pb2.ListLocationsResponse(locations=filter(fits, map(_message, page)))


async def get_location(broker: Broker, request: Any) -> Any:
    """GetLocation."""
    return _message(locations.get_location(broker, request.name))


def _message(name: LocationName) -> Any:
    return locations_pb2.Location(
        name=str(name),
        location_id=name.location,
        display_name=name.location,
        labels={_REGION_LABEL: name.location},
    )
