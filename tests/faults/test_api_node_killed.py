"""kill -9 of an API node between its write and its answer."""

import threading

import pytest
import requests

from tests.support.nodes import start_api
from tests.support.proxy import Proxy
from tests.support.rest import Rest, RestError
from tests.support.waiting import eventually


def test_a_retry_with_the_same_name_gives_one_task(rest, make_queue, calm_server):
    queue = make_queue()
    rest.call("POST", f"{queue}:pause", {})
    outcomes = []

    def create(url):
        try:
            outcomes.append(Rest(url).create_task(queue, "http://127.0.0.1:1/", "named"))
        except requests.ConnectionError as error:
            outcomes.append(error)

    with Proxy(calm_server.port) as proxy, start_api(proxy.url) as node:
        Rest(node.http).create_task(queue, "http://127.0.0.1:1/", "before")
        proxy.go_deaf()
        call = threading.Thread(target=create, args=(node.http,))
        call.start()
        eventually(lambda: rest.get_task(f"{queue}/tasks/named"))  # it is written
        assert outcomes == []  # and not answered
        node.kill()
        call.join()
    assert isinstance(outcomes[0], requests.ConnectionError)
    with pytest.raises(RestError, match="ALREADY_EXISTS"):
        rest.create_task(queue, "http://127.0.0.1:1/", "named")
    assert sorted(task["name"].rpartition("/")[2] for task in rest.list_tasks(queue)) == ["before", "named"]
