"""How a claim shares a partition among its queues, what it hands out, and what it survives."""

import pytest

from broker.model.queue import QueueState
from broker.model.task import View
from broker.store.record import Record
from tests.support.seeds import (
    DAY,
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    Dispatcher,
    claimed_header,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
    task_ids,
)
from tests.support.snapshot import Tombstone, changes, partition_values

TASK_KEY = "{hr:0}:1:t:"


async def seed_queues(store, *queue_ids, tasks=3, **changed):
    for queue_id in queue_ids:
        await seed_queue(store, queue_id, **changed)
        for number in range(tasks):
            await seed_task(store, f"{queue_id}{number}", queue_id)


async def test_tasks_are_claimed_in_order_of_their_time(store, clock, dispatcher):
    await seed_queue(store)
    for task_id, after_s in (("c", 3), ("a", 1), ("b", 2), ("later", 60)):
        await seed_task(store, task_id, schedule_us=START_US + after_s * SECOND)
    clock.advance(10)
    assert task_ids(await dispatcher.claim()) == ["a", "b", "c"]


async def test_one_claim_serves_every_due_queue_alike(store, dispatcher):
    await seed_queues(store, "a", "b", "c")
    claim = await dispatcher.claim(6)
    assert sorted(task_ids(claim)) == ["a0", "a1", "b0", "b1", "c0", "c1"]


async def test_what_one_queue_leaves_over_goes_to_the_others(store, dispatcher):
    await seed_queues(store, "a", tasks=1)
    await seed_queues(store, "b", tasks=9)
    assert len((await dispatcher.claim(8)).tasks) == 8


async def test_queues_take_turns(store, clock, dispatcher):
    await seed_queues(store, "a", "b", "c", "d", tasks=4)
    turns = []
    for _ in range(8):
        clock.advance(0.001)
        turns.append(task_ids(await dispatcher.claim(1))[0][0])
    assert sorted(turns[:4]) == sorted(turns[4:]) == ["a", "b", "c", "d"]


async def test_queues_take_turns_also_at_one_moment(store, dispatcher):
    await seed_queues(store, "a", "b", "c", tasks=4)
    assert sorted([task_ids(await dispatcher.claim(1))[0] for _ in range(3)]) == ["a0", "b0", "c0"]


async def test_many_due_queues_are_all_served_in_a_few_claims(store, clock, dispatcher):
    queue_ids = [f"q{number:03}" for number in range(250)]
    await seed_queues(store, *queue_ids, tasks=1)
    claimed = []
    while len(claimed) < 250:
        claim = await dispatcher.claim(100)
        claimed += task_ids(claim)
        clock.advance(0.001)
    assert dispatcher.number == 3
    assert len(set(claimed)) == 250


async def test_queues_at_their_share_are_skipped(store, dispatcher):
    await seed_queues(store, "a", "b")
    claim = await dispatcher.claim(10, skip=["1"])
    assert {task.key.queue_id for task in claim.tasks} == {"3"}
    assert claim.delay_us == LEASE_US, "the skipped queue, due at once, does not count"
    assert sorted(task_ids(await dispatcher.claim(10))) == ["a0", "a1", "a2"]


async def test_a_claim_that_skips_every_due_queue_waits_to_be_woken(store, dispatcher):
    await seed_queues(store, "a")
    claim = await dispatcher.claim(10, skip=["1"])
    assert (claim.tasks, claim.delay_us) == ([], None)


async def test_a_claim_without_credit_left_says_that_there_is_more(store, dispatcher):
    await seed_queues(store, "a")
    assert (await dispatcher.claim(1)).delay_us == 0


async def test_a_due_entry_without_a_queue_is_dropped(store, dispatcher, redis_client):
    redis_client.zadd("{hr:0}:due", {"99": START_US})
    assert (await dispatcher.claim()).tasks == []
    assert not redis_client.exists("{hr:0}:due")


async def test_a_claim_answered_again_hands_out_the_same_tasks(store, clock, dispatcher):
    await seed_queues(store, "a", "b")
    claim = await dispatcher.claim(4)
    before = await partition_values(store)
    again = await dispatcher.claim_again(4)
    assert {task.key for task in again.tasks} == {task.key for task in claim.tasks}
    assert changes(before, await partition_values(store)) == {}


async def test_answered_again_a_later_attempt_is_in_the_record(store, clock, dispatcher):
    await seed_queues(store, "a", tasks=1)
    await dispatcher.fail(await dispatcher.claim_one())
    clock.advance(1)
    await dispatcher.claim_one()
    (task,) = (await dispatcher.claim_again()).tasks
    assert (claimed_header(task).fence, claimed_header(task).dispatches) == (task.key.fence, 2)


async def test_a_forced_attempt_is_handed_out_again_too(store, dispatcher):
    await seed_queues(store, "a", tasks=2)
    await store.tasks.run(queue_name("a").task("a1"), View.BASIC)
    claim = await dispatcher.claim(2)
    again = await dispatcher.claim_again(2)
    assert {task.key for task in again.tasks} == {task.key for task in claim.tasks}
    assert len(claim.tasks) == 2


async def test_only_what_is_still_held_is_handed_out_again(store, clock, dispatcher):
    await seed_queues(store, "a", tasks=4)
    settled, lost, recreated, kept = (await dispatcher.claim()).tasks
    await dispatcher.settle(settled)
    await dispatcher.release(lost)
    await store.tasks.delete(queue_name("a").task(recreated.key.task_id))
    clock.advance(1)
    again = await dispatcher.claim_again()
    assert [task.key for task in again.tasks] == [kept.key]


async def test_the_successor_of_a_deleted_task_is_not_handed_out_again(store, clock, dispatcher):
    await seed_queue(store, tombstone_ttl_us=0)
    await seed_task(store)
    await dispatcher.claim_one()
    await store.tasks.delete(queue_name().task("t"))
    await seed_task(store, body=b"another")
    assert (await dispatcher.claim_again()).tasks == []


async def test_numbers_belong_to_a_process(store, dispatcher):
    await seed_queues(store, "a")
    first = await dispatcher.claim(1)
    second = await Dispatcher(store, owner="other").claim(1)
    assert task_ids(first) != task_ids(second)


async def test_payloads_up_to_sixteen_kilobytes_come_with_the_claim(store, dispatcher):
    await seed_queue(store)
    header_and_meta = 111 + len('{"u":"http://target.test/"}')
    await seed_task(store, "fits", body=b"x" * (16_384 - header_and_meta))
    await seed_task(store, "large", body=b"y" * (16_385 - header_and_meta))
    records = {task.key.task_id: task for task in (await dispatcher.claim()).tasks}
    assert Record.unpack(records["fits"].record).request.body == b"x" * (16_384 - header_and_meta)
    assert records["large"].record is None
    raw = await store.attempts.read(0, records["large"].key)
    assert Record.unpack(raw).request.body == b"y" * (16_385 - header_and_meta)


async def test_a_claim_carries_at_most_a_mebibyte(store, dispatcher):
    await seed_queue(store)
    for number in range(80):
        await seed_task(store, str(number), body=b"x" * 16_000)
    claim = await dispatcher.claim()
    sizes = [len(task.record) for task in claim.tasks if task.record]
    assert len(claim.tasks) == 80
    assert sum(sizes) <= 1 << 20 < sum(sizes) + 16_384


async def test_a_large_task_counts_as_several(store, clock, dispatcher):
    """So that what a claim brings fits into memory. It may count as more than was asked for."""
    await seed_queue(store)
    for number, size in enumerate((700_000, 10, 300_000, 200_000, 200_000)):
        await seed_task(store, str(number), body=b"x" * size, schedule_us=clock.now_us - 10 + number)
    claim = await dispatcher.claim(6)
    assert {task.key.task_id: task.slots for task in claim.tasks} == {"0": 3, "1": 1, "2": 2}
    assert claim.delay_us == 0, "there is more"
    assert {task.key for task in (await dispatcher.claim_again(6)).tasks} == {task.key for task in claim.tasks}
    clock.advance(0.001)
    assert {task.key.task_id: task.slots for task in (await dispatcher.claim(1)).tasks} == {"3": 1}


async def test_forced_attempts_count_as_several_too(store, dispatcher):
    await seed_queue(store, state=QueueState.PAUSED)
    for task_id in "abc":
        await seed_task(store, task_id, body=b"x" * 300_000)
        await store.tasks.run(queue_name().task(task_id), View.BASIC)
    claims = [await dispatcher.claim(3), await dispatcher.claim(3)]
    assert [len(claim.tasks) for claim in claims] == [2, 1]
    assert sorted(task_ids(claims[0]) + task_ids(claims[1])) == ["a", "b", "c"]


def damaged(offset, replacement):
    return lambda raw: raw[:offset] + replacement + raw[offset + len(replacement) :]


DAMAGES = {
    "missing": lambda raw: None,
    "empty": lambda raw: b"",
    "short": lambda raw: raw[:110],
    "of an unknown layout": damaged(0, b"\x07"),
    "with a header shorter than its fields": damaged(1, b"\x05"),
    "with a header longer than itself": lambda raw: raw[:1] + b"\xff" + raw[2:120],
    "without the retry configuration it claims": damaged(66, b"\x08"),
    "of an older generation": damaged(8, b"\0\0\0\1"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_bad_record_is_dropped_and_stops_nothing(store, dispatcher, redis_client, damage):
    await seed_queue(store)
    await seed_queue(store, "other")
    await seed_task(store, "good", "other")
    await seed_tasks(store, "1-good", "2-bad", "3-good")
    spoil(redis_client, TASK_KEY + "2-bad", damage)
    claim = await dispatcher.claim()
    assert sorted(task_ids(claim)) == ["1-good", "3-good", "good"]
    assert claim.dropped == 1
    assert await read_task(store, "2-bad") is None
    older = damage is DAMAGES["of an older generation"]
    assert redis_client.delete(TASK_KEY + "2-bad") == older, "only an older generation's record is left, to the janitor"


def spoil(client, key, damage):
    raw = damage(client.get(key))
    client.delete(key) if raw is None else client.set(key, raw)


async def test_a_task_past_its_life_is_absent_to_readers_and_dropped_by_the_claim(store, dispatcher, clock):
    await seed_queue(store)
    await seed_task(store, "named", schedule_us=START_US + 30 * DAY)
    await seed_task(store, "unnamed", named=False)
    clock.advance(31 * 86_400 - 1)
    await seed_task(store, "young")
    assert await read_task(store, "named")
    end_us = clock.advance(1)
    assert await read_task(store, "named") is None
    tasks, _ = await store.tasks.page(queue_name(), View.BASIC, page_size=10, token="")
    assert [task.name.task_id for task in tasks] == ["young"]
    clock.advance(60)
    claim = await dispatcher.claim()
    assert (task_ids(claim), claim.dropped) == (["young"], 2)
    values = await partition_values(store)
    assert values["1:t:named"] == Tombstone(end_us + HOUR), "its name is free an hour after its end"
    assert "1:t:unnamed" not in values


async def test_a_claim_ends_its_search_through_bad_records_and_says_that_there_is_more(
    store, clock, dispatcher, redis_client
):
    await seed_queue(store)
    await seed_task(store, "last", schedule_us=START_US)
    index = {f"dangling-{number:04}": START_US - 1 for number in range(1500)}
    redis_client.zadd("{hr:0}:1:e2", index)
    first = await dispatcher.claim()
    clock.advance(0.000_001)
    second = await dispatcher.claim()
    assert (first.tasks, first.dropped, first.delay_us) == ([], 1000, 0)
    assert (task_ids(second), second.dropped) == (["last"], 500)


async def test_a_bad_record_does_not_stop_the_settling_of_others(store, dispatcher, redis_client):
    await seed_queue(store)
    await seed_tasks(store, "bad", "good")
    attempts = (await dispatcher.claim()).tasks
    spoil(redis_client, TASK_KEY + "bad", DAMAGES["without the retry configuration it claims"])
    assert await dispatcher.fail(*attempts) == ["gone", "retry"]
    redis_client.zrem("{hr:0}:1:e2", "bad")
    redis_client.delete(TASK_KEY + "bad")
