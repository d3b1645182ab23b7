"""The table against the HTTP rules that the official clients carry, and against the handlers."""

import inspect
import re

import pytest
from google.cloud.tasks_v2.services.cloud_tasks.transports import rest_base as base_v2
from google.cloud.tasks_v2beta2.services.cloud_tasks.transports import rest_base as base_v2beta2
from google.cloud.tasks_v2beta3.services.cloud_tasks.transports import rest_base as base_v2beta3

from broker.api.pull_handlers import PullTasks
from broker.api.routes import Routes
from broker.api.rpcs import RPCS

_CLIENTS = {
    "v2": base_v2._BaseCloudTasksRestTransport,
    "v2beta3": base_v2beta3._BaseCloudTasksRestTransport,
    "v2beta2": base_v2beta2._BaseCloudTasksRestTransport,
}


def _client_methods(base: type) -> list[str]:
    return sorted(
        name.removeprefix("_Base")
        for name, value in vars(base).items()
        if hasattr(value, f"_{name}__get_http_options") or hasattr(value, "_get_http_options")
    )


_METHODS = [(version, method) for version, base in _CLIENTS.items() for method in _client_methods(base)]


def _http_options(version: str, method: str) -> list[dict[str, str]]:
    holder = getattr(_CLIENTS[version], f"_Base{method}")
    return next(getattr(holder, name)() for name in dir(holder) if name.endswith("get_http_options"))


def test_the_clients_know_methods() -> None:
    assert {version for version, method in _METHODS if method == "CreateTask"} == set(_CLIENTS)
    assert ("v2beta2", "LeaseTasks") in _METHODS


@pytest.mark.parametrize(("version", "method"), _METHODS)
def test_each_rule_of_a_client_leads_to_its_method(version: str, method: str) -> None:
    for option in _http_options(version, method):
        variable = re.search(r"\{([a-z_.]+)=", option["uri"])
        path = re.sub(r"\{[a-z_.]+=([^}]*)\}", r"\1", option["uri"])
        rpc, values = Routes(RPCS).find(path)[option["method"].upper()]
        variables = [variable[1]] if variable else []
        assert (rpc.method, rpc.body, list(values)) == (method, option.get("body", ""), variables)


@pytest.mark.parametrize("version", _CLIENTS)
def test_every_handler_serves_a_row(version: str) -> None:
    """But those whose messages the version lacks."""
    only_in_v2beta2 = {"lease_tasks", "acknowledge_task", "renew_lease", "cancel_lease", "upload_queue_yaml"}
    missing = {"v2": only_in_v2beta2, "v2beta3": only_in_v2beta2, "v2beta2": set()}
    service = f"google.cloud.tasks.{version}.CloudTasks"
    handlers = {name for name, _ in inspect.getmembers(PullTasks, inspect.iscoroutinefunction) if name[0] != "_"}
    served = {rpc.handler.__name__ for rpc in RPCS if rpc.handler and rpc.service == service}
    assert served == handlers - missing[version]


def test_a_method_name_occurs_once_per_service() -> None:
    names = [(rpc.service, rpc.method) for rpc in RPCS if rpc.service.endswith("CloudTasks")]
    assert len(names) - 3 * len(_CLIENTS) == len(set(names)), "BufferTask has two paths, each with two verbs"
