"""Redis at its memory limit: creates are refused, what is there drains."""

from contextlib import closing

import pytest

from tests.faults.conftest import BINARY
from tests.support.nodes import begin_api, begin_dispatcher, together
from tests.support.rest import Rest, RestError
from tests.support.servers import Server
from tests.support.waiting import eventually


def test_what_is_there_drains_and_then_there_is_room_again(recorder):
    with closing(Server(BINARY)) as server:
        api, dispatcher = together(begin_api(server.url), begin_dispatcher(server.url))
        with api, dispatcher, closing(Rest(api.http)) as rest:
            queue = rest.create_queue("q", retryConfig={"minBackoff": "0.010s", "maxBackoff": "0.010s"})
            rest.call("POST", f"{queue}:pause", {})
            tasks = rest.create_tasks(queue, recorder.url, 100)
            for task in list(tasks)[:10]:
                recorder.script(task, 500, 200)
            server.client.config_set("maxmemory", "1mb")
            with pytest.raises(RestError, match="RESOURCE_EXHAUSTED: The store is full"):
                rest.create_task(queue, recorder.url)
            rest.call("POST", f"{queue}:resume", {})
            eventually(lambda: not rest.list_tasks(queue))
            attempts = [got.task for got in recorder.received()]
            assert (set(attempts), len(attempts)) == (tasks, 110)
            server.client.config_set("maxmemory", "0")
            rest.create_task(queue, recorder.url)
            recorder.wait_for("q", 111)
