"""Deletes, acknowledgements and reads of the same moment share script calls, and each gets its own answer."""

import asyncio
from dataclasses import replace

import pytest

from broker.errors import HeadraceError
from broker.model.task import View
from broker.store.outcomes import LeaseExpired, QueueMissing, TaskMissing, WrongQueueKind
from broker.store.store import Store
from tests.support.lost_answers import LostAnswers
from tests.support.pulling import Worker, ids, seed_pull_queue, seed_pull_task
from tests.support.seeds import HOUR, queue_name, read_task, seed_queue, seed_task, seed_tasks
from tests.support.snapshot import Tombstone, partition_values

GONE = "gone, but was there recently"
NONE = "none"
DONE = None


@pytest.fixture
def worker(store) -> Worker:
    return Worker(store)


@pytest.fixture
def script_calls(redis_client):
    """Answers how many scripts have run since it was asked last."""

    def calls():
        stats = redis_client.info("commandstats")
        redis_client.config_resetstat()
        return stats.get("cmdstat_evalsha", {"calls": 0})["calls"]

    return calls


async def all_at_once(*calls):
    """What each call came to. The first goes alone, the others share a call."""
    return [_end(answer) for answer in await asyncio.gather(*calls, return_exceptions=True)]


async def with_a_lost_answer(script, first, *others, runs=True):
    """The same, when the answer to the others' call is lost."""
    alone = asyncio.ensure_future(first)
    await asyncio.sleep(0)  # it is sent
    with LostAnswers(script, runs=runs) as lost:
        ends = await all_at_once(alone, *others)
    assert lost.calls == 2, "one call, and its repetition"
    return ends


def _end(answer):
    match answer:
        case TaskMissing():
            return GONE if answer.tombstoned else NONE
        case HeadraceError():
            return answer.code
        case Exception():
            return type(answer)
        case _:
            return answer


def delete(store, *task_ids, queue_id="q"):
    return [store.tasks.delete(queue_name(queue_id).task(task_id)) for task_id in task_ids]


def get(store, *task_ids, view=View.BASIC):
    return [store.tasks.get(queue_name().task(task_id), view) for task_id in task_ids]


async def seed_leased(store, worker, *task_ids, **changes):
    """The tasks as a lease answers them, by id."""
    await seed_pull_queue(store)
    for task_id in task_ids:
        await seed_pull_task(store, task_id, 1, **changes)
    return {task.name.task_id: task for task in await worker.lease(1000)}


async def test_many_at_once_are_few_script_calls(store, worker, script_calls):
    names = [f"t{number}" for number in range(101)]
    leased = await seed_leased(store, worker, *names, "first", "last")
    await worker.acknowledge(leased.pop("first"))
    await asyncio.gather(*get(store, "last"), *delete(store, "last"))
    script_calls()
    await asyncio.gather(*get(store, *names))
    assert script_calls() == 1 + 4, "the largest answer is bounded"
    await asyncio.gather(*map(worker.acknowledge, map(leased.get, names)))
    assert script_calls() == 1 + 1
    await asyncio.gather(*delete(store, *names), return_exceptions=True)
    assert script_calls() == 1 + 1


async def test_bodies_are_read_alone(store, script_calls):
    await seed_queue(store)
    for number in range(5):
        await seed_task(store, str(number), body=b"x" * 500_000)
    await read_task(store, "0")
    script_calls()
    tasks = await asyncio.gather(*get(store, *"01234", view=View.FULL))
    assert {len(task.request.body) for task in tasks} == {500_000}
    assert script_calls() == 5


async def test_each_read_gets_its_own_answer(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, "running", body=b"kept back")
    await dispatcher.claim_one()
    await seed_tasks(store, "a", "deleted", "b")
    await store.tasks.delete(queue_name().task("deleted"))
    calls = get(store, "a", "running", "deleted", "never", "b", "a")
    a, running, deleted, never, b, again = await all_at_once(*calls)
    assert (deleted, never) == (GONE, NONE)
    assert [task.name.task_id for task in (a, running, b)] == ["a", "running", "b"]
    assert again == a
    assert running.dispatch_count == 1
    assert running.request.body == b""
    assert running.view is View.BASIC


@pytest.mark.parametrize(("named", "second"), [(True, GONE), (False, NONE)])
async def test_each_delete_gets_its_own_answer(store, named, second):
    await seed_queue(store)
    await seed_tasks(store, *"abcd", named=named)
    await store.tasks.delete(queue_name().task("d"))
    assert await all_at_once(*delete(store, *"abbdxca")) == [DONE, DONE, second, second, NONE, DONE, second]
    assert "1:e2" not in await partition_values(store)


@pytest.mark.parametrize(("named", "second"), [(True, GONE), (False, NONE)])
async def test_each_acknowledgement_gets_its_own_answer(store, worker, named, second):
    tasks = await seed_leased(store, worker, *"abcd", named_by_user=named, tag=b"tag")
    a, b, c, d = tasks.values()
    stale = replace(b, schedule_us=b.schedule_us - 1)
    never = replace(b, name=queue_name().task("never"))
    await worker.acknowledge(d)
    calls = map(worker.acknowledge, (a, stale, b, b, stale, d, never, c))
    assert await all_at_once(*calls) == [DONE, LeaseExpired, DONE, second, second, second, NONE, DONE]
    values = await partition_values(store)
    assert [key for key in values if key.startswith("1:e")] == []
    assert {type(values.get(f"1:t:{task_id}")) for task_id in tasks} == {Tombstone if named else type(None)}


async def test_an_expired_acknowledgement_leaves_its_task(store, worker):
    tasks = await seed_leased(store, worker, *"abc")
    stale = [replace(task, schedule_us=task.schedule_us - 1) for task in tasks.values()]
    assert await all_at_once(*map(worker.acknowledge, stale)) == [LeaseExpired] * 3
    assert await all_at_once(*map(worker.acknowledge, tasks.values())) == [DONE] * 3


async def test_deletes_whose_answer_is_lost_come_to_the_same(store):
    await seed_queue(store)
    await seed_tasks(store, *"abc")
    ends = await with_a_lost_answer("task_delete", *delete(store, *"abbcx"))
    assert ends == [DONE, DONE, GONE, DONE, NONE]


async def test_acknowledgements_whose_answer_is_lost_come_to_the_same(store, worker):
    a, b, c = (await seed_leased(store, worker, *"abc")).values()
    stale = replace(b, schedule_us=b.schedule_us - 1)
    ends = await with_a_lost_answer("pull_acknowledge", *map(worker.acknowledge, (a, stale, b, b, c)))
    assert ends == [DONE, GONE, DONE, GONE, DONE], "as if the stale one had been sent again by itself"


@pytest.mark.parametrize("runs", [True, False])
async def test_reads_whose_answer_is_lost_are_sent_again(store, runs):
    await seed_queue(store)
    await seed_tasks(store, *"ab")
    a, b, none, again = await with_a_lost_answer("task_get", *get(store, "a", "b", "x", "a"), runs=runs)
    assert ids([a, b, again]) == ["a", "b", "a"]
    assert none == NONE


async def test_a_queue_that_another_node_recreated_is_found_again(store, clock, redis_url):
    await seed_queue(store)
    await seed_tasks(store, "old", *"ab")
    other = await Store.open(redis_url, partitions=1, clock=clock)
    await other.queues.delete(queue_name(), tombstone_us=0)
    await seed_queue(other)
    await seed_tasks(other, *"abc")
    await other.close()
    assert await all_at_once(*delete(store, "a", "old", "b", "a")) == [DONE, NONE, DONE, GONE]
    assert ids(await all_at_once(*get(store, *"cc"))) == ["c", "c"]
    await store.upkeep.sweep(0)


async def test_a_queue_that_is_gone_is_missing_for_all_and_others_are_not(store, clock, redis_url):
    await seed_queue(store)
    await seed_queue(store, "stays")
    await seed_task(store)
    await seed_tasks(store, *"ab", queue_id="stays")
    other = await Store.open(redis_url, partitions=1, clock=clock)
    await other.queues.delete(queue_name(), tombstone_us=HOUR)
    await other.close()
    ends = await all_at_once(*delete(store, "t", "t", "x"), *delete(store, *"ab", queue_id="stays"))
    assert ends == [QueueMissing] * 3 + [DONE] * 2
    assert await all_at_once(*get(store, *"tt")) == [QueueMissing] * 2
    await store.upkeep.sweep(0)


async def test_a_push_queue_has_nothing_to_acknowledge(store, worker):
    await seed_queue(store)
    await seed_tasks(store, *"abc")
    tasks = await all_at_once(*get(store, *"abc"))
    assert await all_at_once(*map(worker.acknowledge, tasks)) == [WrongQueueKind] * 3
    assert await read_task(store, "b")


@pytest.mark.parametrize("leaving", [0, 1])
async def test_a_caller_that_gives_up_does_not_disturb_the_others(store, worker, leaving):
    leased = await seed_leased(store, worker, *"abcd")
    calls = [asyncio.ensure_future(worker.acknowledge(task)) for task in leased.values()]
    await asyncio.sleep(0)
    calls[leaving].cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ends.pop(leaving), asyncio.CancelledError)
    assert ends == [DONE] * 3


async def test_calls_of_a_full_server_go_on(store, worker, redis_client):
    leased = list((await seed_leased(store, worker, *"abcdef")).values())
    redis_client.config_set("maxmemory", 1)
    try:
        assert await all_at_once(*map(worker.acknowledge, leased[:3])) == [DONE] * 3
        assert ids(await all_at_once(*get(store, *"def"))) == list("def")
        assert await all_at_once(*delete(store, *"def")) == [DONE] * 3
    finally:
        redis_client.config_set("maxmemory", 0)


async def test_scripts_that_were_forgotten_are_loaded_again(store, worker, redis_client):
    leased = list((await seed_leased(store, worker, *"abcdef")).values())
    redis_client.script_flush()
    assert ids(await all_at_once(*get(store, *"abc"))) == list("abc")
    assert await all_at_once(*map(worker.acknowledge, leased[:3]), *delete(store, *"def")) == [DONE] * 6
