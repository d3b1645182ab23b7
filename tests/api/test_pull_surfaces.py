"""One queue, all protocols: what one adds another leases, and each backs off when the store is too slow."""

import threading
from contextlib import closing

import pytest
import requests
from redis import Redis

from tests.support.fronts import FRONTS
from tests.support.nodes import begin_api, start_api, together
from tests.support.servers import Server, available_binaries
from tests.support.surfaces import QUEUE, SURFACES, BackOff
from tests.support.waiting import eventually

NAMES = pytest.mark.parametrize("name", SURFACES)


@pytest.fixture(scope="module")
def server():
    with closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


@pytest.fixture(scope="module", params=FRONTS)
def front(request):
    """The flag for each front."""
    return "--front", request.param


@pytest.fixture(scope="module")
def node(server, front):
    with Redis.from_url(server.url) as client:
        client.flushall()
    with start_api(server.url, "--limit", "leases_per_second=0", *front) as node:
        parent = QUEUE.rpartition("/queues")[0]
        answer = requests.post(
            f"{node.http}/v2beta2/{parent}/queues", json={"name": QUEUE, "pullTarget": {}}, timeout=30
        )
        assert answer.ok, answer.text
        yield node


@pytest.fixture
def surfaces(node):
    """Every surface of the emptied queue."""
    answer = requests.post(f"{node.http}/v2beta2/{QUEUE}:purge", timeout=30)
    assert answer.ok, answer.text
    return {name: surface(node) for name, surface in SURFACES.items()}


@pytest.fixture
def fresh(request):
    """Makes ids that no other test has used: those of purged tasks stay taken."""
    return lambda name: f"{name}-{abs(hash(request.node.name)) % 10**9}"


def listed(node) -> set[str]:
    answer = requests.get(f"{node.http}/v2beta2/{QUEUE}/tasks", timeout=30).json()
    return {task["name"].rpartition("/")[2] for task in answer.get("tasks", [])}


@NAMES
def test_what_one_adds_another_leases_renews_and_finishes(node, surfaces, fresh, name):
    others = [other for other in SURFACES if other != name]
    for number, _ in enumerate(others):
        surfaces[name].add(fresh(f"t{number}"), tag=f"tag{number}")
    assert len(listed(node)) == 3
    for number, other in enumerate(others):
        leased = surfaces[other].lease(tag=f"tag{number}")
        assert list(leased) == [fresh(f"t{number}")]
        (end_us,) = leased.values()
        finisher = surfaces[others[number - 1]]
        renewed_us = finisher.renew(fresh(f"t{number}"), end_us)
        assert renewed_us > end_us
        surfaces[name].finish(fresh(f"t{number}"), renewed_us)
    assert listed(node) == set()


def test_no_task_is_leased_by_two(surfaces, fresh):
    ids = {fresh(f"t{number}") for number in range(40)}
    for task_id in ids:
        surfaces["v2beta2 REST"].add(task_id)
    leased: list[str] = []

    def lease(surface):
        while tasks := surface.lease(most=3):
            leased.extend(tasks)

    threads = [threading.Thread(target=lease, args=(surface,)) for surface in surfaces.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(leased) == sorted(ids)


@NAMES
def test_a_short_deadline_backs_off_while_the_store_stands_still_and_a_long_one_waits(server, surfaces, fresh, name):
    surface = surfaces[name]
    surface.add(fresh("t"))
    long_answer: list[dict[str, int]] = []
    server.freeze()
    try:
        waiting = threading.Thread(target=lambda: long_answer.append(surface.lease(deadline_s=10)))
        waiting.start()
        with pytest.raises(BackOff):
            surface.lease(deadline_s=1)
        with pytest.raises(BackOff):
            surface.lease(deadline_s=1)
    finally:
        server.thaw()
    waiting.join(30)
    assert [list(tasks) for tasks in long_answer] == [[fresh("t")]]


def test_one_cap_over_nodes_and_surfaces(server, front, surfaces, fresh):
    """A call of any surface of one node uses up the calls of other nodes, each of which refuses as it is set."""
    for number in range(40):
        surfaces["rpc_http"].add(fresh(f"t{number}"))
    flags = (*front, "--lease-cap", "pull=1", "--lease-cap-answer")
    refusals = {"protocol": {"error": "RESOURCE_EXHAUSTED"}, "empty": {"tasks": []}}
    nodes = together(*(begin_api(server.url, *flags, answer) for answer in refusals))
    with nodes[0], nodes[1]:
        for name, taker in zip(("v1beta2", "rpc_http"), reversed(nodes), strict=True):
            for node, refused in zip(nodes, refusals.values(), strict=True):

                def capped(name=name, taker=taker, node=node, refused=refused):
                    taken = SURFACES[name](taker).lease(most=1)
                    url = f"{node.http}/v2beta2/{QUEUE}/tasks:lease"
                    body = requests.post(url, json={"leaseDuration": "60s"}, timeout=30).json()
                    shown = {"error": body["error"]["status"]} if "error" in body else {"tasks": body.get("tasks", [])}
                    return taken and shown == refused

                eventually(capped)
