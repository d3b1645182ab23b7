"""The use cases of locations: the one of the settings is listed, every well-formed one is there (3.7)."""

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import LocationName
from broker.service.broker import Broker
from broker.service.locations import get_location, list_locations


@pytest.fixture
def broker():
    return Broker(None, Limits(), Metrics(), location="moon-1")


def listed(broker, project="projects/example.com:p", page_size=0, page_token=""):
    return list_locations(broker, project, page_size=page_size, page_token=page_token)


def test_a_project_has_the_location_of_the_settings(broker):
    assert listed(broker) == listed(broker, page_size=1) == [LocationName("example.com:p", "moon-1")]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"project": "projects/no_good"}, Code.PERMISSION_DENIED),
        ({"project": "p"}, Code.PERMISSION_DENIED),
        ({"page_size": -1}, Code.INVALID_ARGUMENT),
        ({"page_token": "x"}, Code.INVALID_ARGUMENT),
    ],
)
def test_a_listing_that_is_refused(broker, arguments, code):
    with pytest.raises(HeadraceError) as refused:
        listed(broker, **arguments)
    assert refused.value.code is code


def test_any_well_formed_location_is_there(broker):
    assert get_location(broker, "projects/p/locations/mars-2") == LocationName("p", "mars-2")
    with pytest.raises(HeadraceError) as refused:
        get_location(broker, "projects/p/locations/no_good")
    assert refused.value.code is Code.PERMISSION_DENIED
