"""The table against the HTTP rules that the official client carries, and against the handlers."""

import inspect
import re

import pytest
from google.cloud.tasks_v2.services.cloud_tasks.transports import rest_base

from broker.api import handlers_v2
from broker.api.routes import Routes
from broker.api.rpcs import RPCS

_BASE = rest_base._BaseCloudTasksRestTransport
_CLIENT_METHODS = sorted(
    name.removeprefix("_Base")
    for name, value in vars(_BASE).items()
    if hasattr(value, f"_{name}__get_http_options") or hasattr(value, "_get_http_options")
)


def _http_options(method: str) -> list[dict[str, str]]:
    holder = getattr(_BASE, f"_Base{method}")
    return next(getattr(holder, name)() for name in dir(holder) if name.endswith("get_http_options"))


def test_the_client_knows_methods() -> None:
    assert "CreateTask" in _CLIENT_METHODS


@pytest.mark.parametrize("method", _CLIENT_METHODS)
def test_each_rule_of_the_client_leads_to_its_method(method: str) -> None:
    for option in _http_options(method):
        variable = re.search(r"\{([a-z_.]+)=", option["uri"])
        assert variable
        path = re.sub(r"\{[a-z_.]+=([^}]*)\}", r"\1", option["uri"])
        rpc, values = Routes(RPCS).find(path)[option["method"].upper()]
        assert (rpc.method, rpc.body, list(values)) == (method, option.get("body", ""), [variable[1]])


def test_every_handler_serves_a_row() -> None:
    handlers = {function for _, function in inspect.getmembers(handlers_v2, inspect.iscoroutinefunction)}
    assert handlers == {rpc.handler for rpc in RPCS if rpc.handler}


def test_a_method_name_occurs_once_per_service() -> None:
    names = [(rpc.service, rpc.method) for rpc in RPCS if rpc.method != "BufferTask"]
    assert len(names) == len(set(names))
