"""The settings of the App Engine API's tickets."""

import pytest

from broker.errors import StartupError
from broker.model.names import LocationName
from broker.model.tickets import Tickets
from broker.settings import Settings


def test_tickets_from_flags_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load({}).tickets == Tickets()
    flags = {"project": "own", "app_engine_tickets": ["a=shop/europe-west1", "b=c==example.com:cafe/l"]}
    tickets = Settings.load(flags).tickets
    assert tickets.default == LocationName("own", "us-central1")
    assert tickets.locations == {
        "a": LocationName("shop", "europe-west1"),
        "b=c=": LocationName("example.com:cafe", "l"),
    }
    monkeypatch.setenv("HEADRACE_APP_ENGINE_TICKETS", "a=p/l, b=q/l")
    monkeypatch.setenv("HEADRACE_APP_ENGINE_ADMIN_TICKETS", "x,y")
    tickets = Settings.load({}).tickets
    assert set(tickets.locations) == {"a", "b"}
    assert tickets.admin == {"x", "y"}


@pytest.mark.parametrize("text", ["ticket", "=p/l", "a=p", "a=p/", "a=/l", "a=p/l/m"])
def test_a_ticket_that_leads_nowhere(text: str) -> None:
    with pytest.raises(StartupError, match=r"app_engine_tickets .*: write TICKET=PROJECT/LOCATION;"):
        Settings.load({"app_engine_tickets": [text]})
