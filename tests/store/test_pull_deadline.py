"""A lease call that cannot run in the time its caller gives it leases nothing (App Engine specification, 3.6)."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from broker.model.task import View
from broker.store.lane import Lane
from broker.store.outcomes import LeaseLate
from broker.store.server_clock import ServerClock
from broker.store.store import Store
from tests.support.pulling import QUEUE, Worker, ids, seed_etas, seed_pull_queue
from tests.support.servers import Server, available_binaries

FROZEN_S = 2.0


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


async def lease_while_frozen(server: Server, worker: Worker, *deadlines_s: float) -> list[list[str] | LeaseLate]:
    """Calls with these deadlines, made at once to a server that is stopped for a while."""
    server.freeze()
    asyncio.get_running_loop().call_later(FROZEN_S, server.thaw)
    calls = (worker.lease(1, deadline_s=deadline_s) for deadline_s in deadlines_s)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, list | LeaseLate) for answer in answers), answers
    return [answer if isinstance(answer, LeaseLate) else ids(answer) for answer in answers]


@pytest.mark.parametrize("known", [True, False])
async def test_a_frozen_server_leases_to_those_who_can_wait(server, known):
    store = await Store.open(server.url, partitions=1)
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2)
    worker = Worker(store)
    if known:
        await store.backend.server_time_us(0, 0)  # as any lease before would have told it
    late, in_time = await lease_while_frozen(server, worker, 1, 10)
    assert isinstance(late, LeaseLate)
    assert in_time == ["a"]
    tasks, _ = await store.tasks.page(QUEUE, View.BASIC, page_size=10, token="")
    assert {task.name.task_id: task.dispatch_count for task in tasks} == {"a": 1, "b": 0}
    await store.close()


async def test_a_server_that_is_away_for_longer_than_an_answer_may_take(server):
    """What was sent again after a timeout finds the tasks that the first call has leased."""
    store = await Store.open(f"{server.url}?socket_timeout=0.5", partitions=1)
    await seed_pull_queue(store)
    await seed_etas(store, a=1, b=2)
    await store.backend.server_time_us(0, 0)
    assert await lease_while_frozen(server, Worker(store), 10) == [["a"]]
    await store.close()


@pytest.mark.parametrize("deadline_s", [0.05, 0, -1])
async def test_no_time_at_all(store, deadline_s):
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    with pytest.raises(LeaseLate):
        await Worker(store).lease(deadline_s=deadline_s)
    assert ids(await Worker(store).lease()) == ["a"]


async def test_the_script_refuses_what_comes_late(store, clock):
    """The node's own time does not matter: the script knows until when it may run."""
    await seed_pull_queue(store)
    await seed_etas(store, a=1)
    original = Lane.script

    async def slow(lane, script, key, arguments):
        if script.name == "pull_lease":
            arguments = [clock.now_us + 60_000_000, *arguments[1:]]
        return await original(lane, script, key, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lane, "script", slow)
        with pytest.raises(LeaseLate):
            await Worker(store).lease(deadline_s=60)
    assert ids(await Worker(store).lease()) == ["a"]


async def test_commands_whose_callers_gave_up_are_not_sent(store):
    lane = store.backend.topology.lane("x")
    calls = [asyncio.ensure_future(lane.command("INCR", "{hr:0}:seq:test")) for _ in range(3)]
    calls[1].cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, int)] == [1, 2]
    await lane.command("DEL", "{hr:0}:seq:test")


def test_a_servers_clock_is_what_its_quickest_answer_says():
    clock = ServerClock()
    clock.hear(1_000_000, 5.0)
    clock.hear(1_900_000, 6.0)  # it took 0.1 s
    assert clock.at_us(7.0) == 3_000_000
    clock.hear(3_500_000, 7.0)  # it went forward
    assert clock.at_us(7.0) == 3_500_000
    clock.hear(1_000_000, 17.5)  # it went back, some while ago
    assert clock.at_us(18.5) == 2_000_000
