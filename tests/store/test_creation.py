"""Creates at the same moment share script calls; creates of unknown outcome are looked up, not sent again."""

import asyncio
from unittest.mock import patch

import pytest

from broker.errors import Code, HeadraceError
from broker.store.creation import CreationBatcher
from broker.store.outcomes import QueueMissing, ScheduleTooFar, TaskExists
from broker.store.record import pack_draft
from broker.store.store import Store
from tests.support.lost_answers import LostAnswers
from tests.support.seeds import (
    HORIZON_US,
    SECOND,
    START_US,
    a_task,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
)
from tests.support.snapshot import partition_values


def script_calls(client):
    """How many scripts have run since `config_resetstat`."""
    return client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]


async def create_all(store, *tasks, horizon_us=HORIZON_US):
    return await asyncio.gather(
        *(store.tasks.create(task, horizon_us=horizon_us) for task in tasks), return_exceptions=True
    )


async def turns_until_sent(store, task):
    """How many turns of the event loop a create lets pass before its script is called."""
    turns, sent = 0, asyncio.Event()
    run = store.backend.run

    async def note(*arguments, **options):
        sent.set()
        return await run(*arguments, **options)

    with patch.object(store.backend, "run", note):
        creating = asyncio.ensure_future(store.tasks.create(task, horizon_us=HORIZON_US))
        while not sent.is_set():
            turns += 1
            await asyncio.sleep(0)
        await creating
    return turns


async def test_many_creates_at_once_are_few_script_calls(store, redis_client):
    await seed_queue(store)
    await seed_task(store)
    redis_client.config_resetstat()
    created = await create_all(store, *(a_task(f"t{number}") for number in range(250)))
    assert {task.create_us for task in created} == {START_US}
    assert script_calls(redis_client) == 4
    assert len((await partition_values(store))["1:e2"]) == 251


@pytest.mark.parametrize(("at_once", "calls"), [(31, 1), (32, 1), (64, 2), (99, 4), (100, 1)])
async def test_fewer_than_a_full_call_are_sent_in_parts(store, redis_client, at_once, calls):
    await seed_queue(store)
    await seed_task(store)
    redis_client.config_resetstat()
    await create_all(store, *(a_task(f"t{number}") for number in range(at_once)))
    assert script_calls(redis_client) == calls


async def test_creates_that_come_alone_wait_for_none(store):
    await seed_queue(store)
    await create_all(store, a_task("one"), a_task("another"))
    turns = [await turns_until_sent(store, a_task(f"alone{number}")) for number in range(80)]
    assert turns == sorted(turns, reverse=True)
    assert turns[0] > 60 > 4 > turns[-1]


async def test_a_call_carries_at_most_a_mebibyte(store, redis_client):
    await seed_queue(store)
    await seed_task(store)
    redis_client.config_resetstat()
    body = b"x" * 300_000
    created = await create_all(store, *(a_task(f"t{number}", body=body) for number in range(7)))
    assert [task.request.body for task in created] == [body] * 7
    assert script_calls(redis_client) == 3


async def test_each_gets_its_own_answer(store):
    await seed_queue(store)
    await seed_queue(store, "other")
    await seed_task(store, "taken")
    outcomes = await create_all(
        store,
        a_task("a"),
        a_task("taken"),
        a_task("far", schedule_us=START_US + HORIZON_US + 1),
        a_task("b", "missing"),
        a_task("c", "other"),
        a_task("a"),
    )
    assert [type(outcome) for outcome in outcomes[1:4]] == [TaskExists, ScheduleTooFar, QueueMissing]
    assert str(outcomes[0].name) == f"{queue_name()}/tasks/a"
    assert str(outcomes[4].name) == f"{queue_name('other')}/tasks/c"
    assert isinstance(outcomes[5], TaskExists)


async def test_each_horizon_holds_for_its_own(store):
    await seed_queue(store)
    tasks = [a_task(str(number), schedule_us=START_US + 50 * SECOND) for number in range(4)]
    horizons_us = [100 * SECOND, 10 * SECOND, 100 * SECOND, 10 * SECOND]
    outcomes = await asyncio.gather(
        *(store.tasks.create(task, horizon_us=us) for task, us in zip(tasks, horizons_us, strict=True)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, ScheduleTooFar) for outcome in outcomes] == [False, True, False, True]


async def test_a_caller_that_gives_up_does_not_disturb_the_others(store):
    await seed_queue(store)
    await seed_task(store)
    leaving = asyncio.ensure_future(store.tasks.create(a_task("leaving"), horizon_us=HORIZON_US))
    staying = asyncio.ensure_future(store.tasks.create(a_task("staying"), horizon_us=HORIZON_US))
    await asyncio.sleep(0)
    leaving.cancel()
    assert str((await staying).name).endswith("staying")
    assert await seed_task(store, "next")


async def test_a_queue_that_another_node_recreated_is_found_again(store, clock, redis_url):
    await seed_queue(store)
    await seed_task(store)
    other = await Store.open(redis_url, partitions=1, clock=clock)
    await other.queues.delete(queue_name(), tombstone_us=0)
    await seed_queue(other)
    await other.close()
    await seed_task(store, "new")
    assert await read_task(store, "new")
    await store.upkeep.sweep(0)


async def test_a_create_whose_answer_is_lost_is_looked_up(store):
    await seed_queue(store)
    with LostAnswers("task_create") as lost:
        created = await store.tasks.create(a_task(schedule_us=START_US + SECOND), horizon_us=HORIZON_US)
    assert lost.calls == 1
    assert (created.create_us, created.schedule_us) == (START_US, START_US + SECOND)
    assert created == await read_task(store)


async def test_a_lost_answer_does_not_make_the_task_of_another_mine(store):
    await seed_queue(store)
    await seed_task(store, body=b"another's")
    with LostAnswers("task_create"), pytest.raises(TaskExists):
        await seed_task(store, body=b"mine")
    assert (await read_task(store)).request.body == b"another's"


async def test_a_create_that_did_not_arrive_is_not_sent_again(store):
    await seed_queue(store)
    with LostAnswers("task_create", runs=False) as lost, pytest.raises(HeadraceError) as problem:
        await seed_task(store)
    assert problem.value.code == Code.UNAVAILABLE
    assert lost.calls == 1
    assert await read_task(store) is None


async def test_a_task_that_has_run_before_its_create_was_looked_up_does_not_run_twice(store, dispatcher):
    await seed_queue(store)
    lost = LostAnswers("task_create", meanwhile=dispatcher.drain)
    with lost, pytest.raises(HeadraceError) as problem:
        await seed_task(store, named=False)
    assert problem.value.code == Code.UNAVAILABLE
    assert await dispatcher.drain() == []


async def test_a_row_that_comes_twice_is_one_task(store, clock):
    await seed_queue(store)
    draft = pack_draft(b"8 bytes.", None, True, b"", b"", b'{"u":"http://target.test/"}', b"")
    row = ("1", "t", 0, draft)
    creation = CreationBatcher(store.backend)
    first = await creation.create(0, row, horizon_us=HORIZON_US)
    clock.advance(1)
    assert await creation.create(0, row, horizon_us=HORIZON_US) == first
    assert (first.code, first.create_us) == ("created", START_US)
