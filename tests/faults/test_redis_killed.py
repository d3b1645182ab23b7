"""kill -9 of Redis, which keeps an append-only file, and its return with the same data."""

from contextlib import closing

import pytest

from tests.faults.conftest import BINARY, NO_RETRY_SOON
from tests.support.creator import Creator
from tests.support.nodes import begin_api, begin_dispatcher, probe, together
from tests.support.rest import LOCATION, Rest
from tests.support.servers import Server
from tests.support.waiting import eventually


@pytest.fixture
def server():
    with closing(Server(BINARY, "--appendonly", "yes", "--appendfsync", "everysec")) as server:
        yield server


@pytest.fixture
def nodes(server):
    api, dispatcher = together(begin_api(server.url), begin_dispatcher(server.url))
    with api, dispatcher:
        yield api, dispatcher


def probes(node):
    return probe(node, "/healthz"), probe(node, "/readyz")


def test_acknowledged_tasks_are_there_and_both_nodes_go_on_by_themselves(server, nodes, recorder):
    api, dispatcher = nodes
    with closing(Rest(api.http)) as rest:
        busy = rest.create_queue("busy", retryConfig=NO_RETRY_SOON)
        waiting = rest.create_queue("waiting")
        rest.call("POST", f"{waiting}:pause", {})
        rest.create_tasks(busy, f"{recorder.url}/held", 20)
        recorder.wait_for_open("busy", 20)
        creator = Creator(api.http, waiting, recorder.url)
        creator.start()
        eventually(lambda: len(creator.acknowledged) > 50)
        server.kill()
        recorder.release()  # the dispatcher holds these results until there is a store again
        eventually(lambda: probes(api) == probes(dispatcher) == (200, 503))
        eventually(lambda: creator.refusals)
        server.start()
        before = len(creator.acknowledged)
        eventually(lambda: probes(api) == probes(dispatcher) == (200, 200))
        eventually(lambda: len(creator.acknowledged) > before)
        creator.stop()
        assert creator.refusals == {"UNAVAILABLE"}
        eventually(lambda: not rest.list_tasks(busy))
        assert len(recorder.received("busy")) == 20
        rest.call("POST", f"{waiting}:resume", {})
        eventually(lambda: not rest.list_tasks(waiting))
        arrived = [got.task for got in recorder.received("waiting")]
        assert creator.acknowledged <= set(arrived)
        assert len(arrived) == len(set(arrived))
        assert rest.call("GET", f"{LOCATION}/queues/busy")["state"] == "RUNNING"
    assert "Traceback" not in api.stderr + dispatcher.stderr
    assert (api.stop(), dispatcher.stop()) == (0, 0)
