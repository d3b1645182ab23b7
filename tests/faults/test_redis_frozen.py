"""Redis stands still for longer than a lease: what a live dispatcher holds and finishes is not delivered again."""

import time
from contextlib import closing

import pytest

from tests.faults.conftest import BINARY, NO_RETRY_SOON
from tests.support.nodes import LEASE_S, begin_api, begin_dispatcher, metric, probe, start_dispatcher, together
from tests.support.rest import Rest
from tests.support.servers import Server
from tests.support.waiting import eventually


@pytest.fixture
def server():
    with closing(Server(BINARY)) as server:
        yield server


@pytest.mark.parametrize("leases", [1.5, pytest.param(4, marks=pytest.mark.soak)])
def test_nothing_that_is_held_and_finished_is_delivered_again(server, recorder, leases):
    """Two dispatchers: whichever comes first when the store is back must leave the other one's tasks alone."""
    starting = [begin_dispatcher(server.url, "--slow-poll-seconds", 0.5) for _ in range(2)]
    api, *dispatchers = together(begin_api(server.url), *starting)
    with closing(Rest(api.http)) as rest, api, dispatchers[0], dispatchers[1]:
        queues = [rest.create_queue(f"queue-{number}", retryConfig=NO_RETRY_SOON) for number in range(4)]
        for queue in queues:
            rest.create_tasks(queue, f"{recorder.url}/held", 10)
        recorder.wait_until(lambda: len(recorder.received()) == 40)
        server.freeze()
        recorder.release()
        time.sleep(leases * LEASE_S)  # it has to last longer than a lease
        assert {probe(node, "/healthz") for node in dispatchers} == {200}
        server.thaw()
        eventually(lambda: not any(rest.list_tasks(queue) for queue in queues))
        eventually(lambda: {probe(node, "/readyz") for node in (api, *dispatchers)} == {200})
        assert len(recorder.received()) == 40
        assert sum(metric(node, "headrace_stale_results_total") for node in dispatchers) == 0
        assert [node.stop() for node in (api, *dispatchers)] == [0, 0, 0]


@pytest.mark.soak
def test_liveness_while_redis_stands_still_for_long(server):
    with start_dispatcher(server.url, "--slow-poll-seconds", 0.5) as node:
        server.freeze()
        eventually(lambda: probe(node, "/readyz") == 503)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert probe(node, "/healthz") == 200
            time.sleep(0.1)
        server.thaw()
        eventually(lambda: probe(node, "/readyz") == 200)
