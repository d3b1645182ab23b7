"""Faults that take their time, and many of them in a row."""

import asyncio
import random
import signal
import time
from contextlib import ExitStack, closing

import pytest

from broker.store.store import Store
from tests.faults.conftest import BINARY
from tests.support.creator import Creator
from tests.support.invariants import check_invariants
from tests.support.nodes import PARTITIONS, begin_api, begin_dispatcher, start_dispatcher, together
from tests.support.rest import Rest
from tests.support.servers import Server
from tests.support.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

FAULTS_S = 60


def test_the_shortest_dispatch_deadline(rest, make_queue, dispatcher, recorder):
    queue = make_queue(retryConfig={"minBackoff": "0.010s", "maxBackoff": "0.010s"})
    rest.create_task(queue, f"{recorder.url}/silent", dispatchDeadline="15s")
    dispatcher()
    recorder.wait_for(queue.rpartition("/")[2], 2)
    previous = [got.header("X-CloudTasks-TaskPreviousResponse") for got in recorder.received()]
    assert previous == [None, "504"]
    assert recorder.cut_off(queue.rpartition("/")[2]) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_any_faults_in_any_order_lose_nothing(recorder, seed):
    """Dispatchers and Redis are killed and frozen while tasks are created and sent; in the end all have arrived."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        server = stack.enter_context(closing(Server(BINARY, "--appendonly", "yes")))
        api, *running = together(begin_api(server.url), *(begin_dispatcher(server.url) for _ in range(3)))
        for node in (api, *running):
            stack.callback(node.close)
        rest = stack.enter_context(closing(Rest(api.http)))
        queues = [
            rest.create_queue(f"queue-{number}", retryConfig={"minBackoff": "0.100s", "maxBackoff": "1s"})
            for number in range(5)
        ]
        creators = [Creator(api.http, queue, f"{recorder.url}/slow") for queue in queues]
        for creator in creators:
            creator.start()
        end = time.monotonic() + FAULTS_S
        while time.monotonic() < end:
            chance.choice(FAULTS)(chance, server, running, stack)
            time.sleep(chance.random() * 2)
        for creator in creators:
            creator.stop()
        eventually(lambda: not any(rest.list_tasks(queue) for queue in queues), 60)
        for creator, queue in zip(creators, queues, strict=True):
            arrived = {got.task for got in recorder.received(queue.rpartition("/")[2])}
            assert len(creator.acknowledged) > 100
            assert creator.acknowledged <= arrived
        assert [node.stop() for node in (*running, api)] == [0] * 4
        eventually(lambda: not server.client.keys("*:claim:*"))  # these have a TTL
        asyncio.run(_check(server.url))


async def _check(url):
    store = await Store.open(url, partitions=PARTITIONS)
    await check_invariants(store)
    await store.close()


def _kill_a_dispatcher(chance, server, running, stack):
    running.pop(chance.randrange(3)).kill()
    running.append(stack.enter_context(start_dispatcher(server.url)))


def _freeze_a_dispatcher(chance, server, running, stack):
    node = chance.choice(running)
    node.signal(signal.SIGSTOP)
    time.sleep(chance.random() * 5)
    node.signal(signal.SIGCONT)


def _kill_redis(chance, server, running, stack):
    server.kill()
    time.sleep(chance.random() * 4)
    server.start()


def _freeze_redis(chance, server, running, stack):
    server.freeze()
    time.sleep(chance.random() * 7)
    server.thaw()


def _cut_connections(chance, server, running, stack):
    server.client.execute_command("CLIENT", "KILL", "TYPE", chance.choice(["NORMAL", "PUBSUB"]), "SKIPME", "YES")


def _forget_scripts(chance, server, running, stack):
    server.client.script_flush()


FAULTS = (_kill_a_dispatcher, _freeze_a_dispatcher, _kill_redis, _freeze_redis, _cut_connections, _forget_scripts)
