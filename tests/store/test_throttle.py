"""A queue's rate in force: overloaded targets, slow starts. The scripts follow the pure model step by step."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.model.queue import QueueState
from broker.model.throttle import Throttle, ramp_rate
from broker.store.attempts import Outcome, Result, Settled
from tests.support.seeds import SECOND, queue_name, seed_queue, seed_tasks

RATE = 8.0


async def rate_in_force(store):
    (depth,) = await store.queues.depths(limit=1)
    return depth.rate


async def end_one(store, dispatcher, *, overloaded):
    """Claim and settle one task with an answer that says whether the target has too much to do."""
    task = (await dispatcher.claim(1)).tasks[0]
    result = Result(task.key, Outcome.DONE, 200, overloaded=overloaded)
    await store.attempts.settle(dispatcher.partition, [result])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(st.tuples(st.booleans(), st.sampled_from([0.4, 1, 1, 2])), max_size=25))
def test_the_rate_follows_the_model(runner, store, clock, dispatcher, redis_client, answers):
    runner.run(follow_the_model(store, clock, dispatcher, redis_client, answers))


async def follow_the_model(store, clock, dispatcher, redis_client, answers):
    redis_client.flushall()
    await seed_queue(store, rate=RATE, burst=100)
    await seed_tasks(store, *(f"t{number:02}" for number in range(len(answers))))
    throttle = Throttle()
    for overloaded, pause_s in answers:
        clock.advance(pause_s)
        await end_one(store, dispatcher, overloaded=overloaded)
        throttle = throttle.after(clock.now_us, overloaded=overloaded)
        assert await rate_in_force(store) == pytest.approx(RATE * throttle.factor)


async def test_a_slowed_queue_dispatches_at_its_reduced_rate(store, clock, dispatcher):
    await seed_queue(store, rate=RATE, burst=1)
    await seed_tasks(store, "first")
    await end_one(store, dispatcher, overloaded=True)
    await seed_tasks(store, "next")
    waiting = await dispatcher.claim()
    assert waiting.tasks == []
    assert waiting.delay_us == pytest.approx(SECOND / (RATE / 2), abs=2)
    clock.advance(waiting.delay_us / SECOND)
    assert len((await dispatcher.claim()).tasks) == 1


async def test_one_overloaded_answer_of_a_batch_decides(store, dispatcher):
    await seed_queue(store, rate=RATE)
    await seed_tasks(store, "a", "b")
    good, bad = (await dispatcher.claim()).tasks
    await store.attempts.settle(
        dispatcher.partition,
        [Result(bad.key, Outcome.ANSWERED, 429, overloaded=True), Result(good.key, Outcome.DONE, 200)],
    )
    assert await rate_in_force(store) == RATE / 2


async def test_a_result_that_comes_again_slows_nothing_down_again(store, clock, dispatcher):
    await seed_queue(store, rate=RATE)
    await seed_tasks(store, "a")
    result = Result((await dispatcher.claim_one()).key, Outcome.ANSWERED, 429, overloaded=True)
    assert await store.attempts.settle(dispatcher.partition, [result]) == [Settled.RETRY]
    clock.advance(5)
    assert await store.attempts.settle(dispatcher.partition, [result]) == [Settled.STALE]
    assert await rate_in_force(store) == RATE / 2


async def test_silence_says_nothing_about_the_load(store, clock, dispatcher):
    await seed_queue(store, rate=RATE)
    await seed_tasks(store, "a")
    await end_one(store, dispatcher, overloaded=True)
    await seed_tasks(store, "b")
    clock.advance(5)
    await dispatcher.settle(await dispatcher.claim_one(), outcome=Outcome.UNANSWERED)
    assert await rate_in_force(store) == RATE / 2


async def test_a_recovered_queue_leaves_nothing_behind(store, clock, dispatcher, redis_client):
    await seed_queue(store, rate=RATE)
    await seed_tasks(store, *(f"t{number:02}" for number in range(20)))
    await end_one(store, dispatcher, overloaded=True)
    for _ in range(12):
        clock.advance(1)
        await end_one(store, dispatcher, overloaded=False)
    assert await rate_in_force(store) == RATE
    assert redis_client.hmget("{hr:0}:1", "throttle", "throttled_us") == [None, None]


async def claim_ramping(store, dispatcher, *, most=1000):
    dispatcher.number += 1
    return await store.attempts.claim(
        0, owner="me", number=dispatcher.number, max_tasks=most, lease_us=30 * SECOND, skip=(), ramp_up=True
    )


async def test_with_slow_starts_a_new_queue_begins_with_500_a_second(store, clock, dispatcher):
    await seed_queue(store, rate=20_000, burst=4000, concurrency=100_000)
    await seed_tasks(store, *(f"t{number:04}" for number in range(700)))
    first = await claim_ramping(store, dispatcher)
    assert len(first.tasks) == 100
    assert await rate_in_force(store) == 500
    clock.advance(1)
    assert len((await claim_ramping(store, dispatcher)).tasks) == 500
    for minutes in (5, 5):
        for _ in range(minutes):
            clock.advance(60)
            await seed_tasks(store, f"more{clock.now_us}")
            await claim_ramping(store, dispatcher, most=1)
    assert await rate_in_force(store) == ramp_rate(601 * SECOND) == 1125


@pytest.mark.parametrize("restart", ["idle", "resumed"])
async def test_slow_starts_begin_anew(store, clock, dispatcher, restart):
    await seed_queue(store, rate=20_000, burst=4000)
    await seed_tasks(store, "a")
    await claim_ramping(store, dispatcher)
    clock.advance(299)
    await seed_tasks(store, "b")
    await claim_ramping(store, dispatcher)
    clock.advance(2)
    assert await rate_in_force(store) == 750
    if restart == "idle":
        clock.advance(301)
    else:
        await store.queues.set_state(queue_name(), QueueState.PAUSED)
        await store.queues.set_state(queue_name(), QueueState.RUNNING)
    await seed_tasks(store, "c")
    await claim_ramping(store, dispatcher)
    assert await rate_in_force(store) == 500
