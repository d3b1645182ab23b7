"""Each script on tasks: one operation on a seeded store, then everything that it changed, and nothing else."""

import pytest

from broker.model.queue import QueueState
from broker.model.retry import RetryConfig
from broker.model.task import Attempt, HttpMethod, HttpRequest, NewTask, OidcToken, View
from broker.store.outcomes import QueueMissing, ScheduleTooFar, TaskExists, TaskMissing
from broker.store.record import FORCED, LEASED, NAMED, OWN_RETRY
from tests.support.seeds import (
    DAY,
    HORIZON_US,
    HOUR,
    LEASE_US,
    SECOND,
    START_US,
    URL,
    a_task,
    queue_name,
    read_task,
    seed_queue,
    seed_task,
    seed_tasks,
)
from tests.support.snapshot import Tombstone, changes, partition_values

NAME = queue_name().task("t")


def fresh_header(**changed):
    """The header of a task that was created at START_US in a queue of generation 2."""
    return {
        "version": 1,
        "length": 111,
        "tag_bytes": 0,
        "meta_bytes": len(f'{{"u":"{URL}"}}'),
        "generation": 2,
        "birth": 0,
        "create_us": START_US,
        "expiry_us": START_US + 31 * DAY,
        "schedule_us": START_US,
        "responses": 0,
        "answers": 0,
        "ended": 0,
        "last_status": 0,
        "flags": NAMED,
        "fence": 0,
        "dispatches": 0,
        "first_dispatch_us": 0,
        "last_schedule_us": 0,
        "last_dispatch_us": 0,
        "last_response_us": 0,
        "payload": f'{{"u":"{URL}"}}'.encode(),
    } | changed


async def test_create_adds_record_and_index_entry_and_makes_the_queue_due(store):
    await seed_queue(store)
    before = await partition_values(store)
    await seed_task(store)
    after = await partition_values(store)
    assert after.pop("1:t:t") == fresh_header()
    assert changes(before, after) == {"1:e2/t": START_US, "due/1": START_US, "1/names": 1}


async def test_create_without_a_name_and_for_later(store):
    await seed_queue(store)
    before = await partition_values(store)
    await seed_task(store, named=False, schedule_us=START_US + HOUR)
    after = await partition_values(store)
    assert after.pop("1:t:t") == fresh_header(flags=0, schedule_us=START_US + HOUR)
    assert changes(before, after) == {"1:e2/t": START_US + HOUR, "due/1": START_US + HOUR}


async def test_create_in_a_paused_queue_does_not_make_it_due(store):
    await seed_queue(store, state=QueueState.PAUSED)
    await seed_task(store)
    assert "due" not in await partition_values(store)


async def test_a_task_is_looked_at_again_no_later_than_its_expiry(store):
    await seed_queue(store, task_ttl_us=10 * SECOND)
    await seed_task(store, schedule_us=START_US + HOUR)
    assert (await partition_values(store))["1:e2"] == {"t": START_US + 10 * SECOND}


async def test_a_time_in_the_past_becomes_now(store):
    await seed_queue(store)
    created = await store.tasks.create(a_task(schedule_us=START_US - DAY), horizon_us=HORIZON_US)
    assert (created.schedule_us, created.create_us) == (START_US, START_US)
    assert await read_task(store) == created


async def test_the_horizon_is_the_last_moment_allowed(store):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + HORIZON_US)
    before = await partition_values(store)
    with pytest.raises(ScheduleTooFar):
        await seed_task(store, "later", schedule_us=START_US + HORIZON_US + 1)
    assert changes(before, await partition_values(store)) == {}


async def test_everything_a_caller_gave_comes_back(store):
    await seed_queue(store)
    new = NewTask(
        NAME,
        named_by_user=True,
        request=HttpRequest(
            "https://x.test/ü?q=1",
            HttpMethod.PUT,
            (("X-Twice", "a"), ("x-twice", "b"), ("Ü", "ü")),
            bytes(range(256)),
            OidcToken("a@b.test", "https://audience"),
        ),
        schedule_us=START_US + 1,
        dispatch_deadline_us=15 * SECOND,
        retry_config=RetryConfig(-1, 5 * SECOND, 1, 2, 3),
    )
    created = await store.tasks.create(new, horizon_us=HORIZON_US)
    assert created.request == new.request
    assert created.retry_config == new.retry_config
    assert created == await store.tasks.get(NAME, View.FULL)
    basic = await store.tasks.get(NAME, View.BASIC)
    assert basic.request == HttpRequest(
        "https://x.test/ü?q=1", HttpMethod.PUT, new.request.headers, b"", new.request.oidc_token
    )
    assert (await partition_values(store))["1:t:t"]["flags"] == NAMED | OWN_RETRY


async def test_create_refuses_a_live_name_and_changes_nothing(store):
    await seed_queue(store)
    await seed_task(store, body=b"first")
    before = await partition_values(store)
    with pytest.raises(TaskExists) as refusal:
        await seed_task(store, body=b"second")
    assert not refusal.value.tombstoned
    assert changes(before, await partition_values(store)) == {}


async def test_what_needs_a_queue_misses_it_and_writes_nothing(store):
    calls = [
        lambda: store.tasks.create(a_task(), horizon_us=HORIZON_US),
        lambda: store.tasks.get(NAME, View.FULL),
        lambda: store.tasks.delete(NAME),
        lambda: store.tasks.run(NAME, View.FULL),
        lambda: store.tasks.page(queue_name(), View.FULL, page_size=1, token=""),
    ]
    for call in calls:
        with pytest.raises(QueueMissing):
            await call()
    assert await partition_values(store) == {}


async def test_what_needs_a_task_misses_it_and_writes_nothing(store):
    await seed_queue(store)
    before = await partition_values(store)
    for call in (
        lambda: store.tasks.get(NAME, View.FULL),
        lambda: store.tasks.delete(NAME),
        lambda: store.tasks.run(NAME, View.FULL),
    ):
        with pytest.raises(TaskMissing) as missing:
            await call()
        assert not missing.value.tombstoned
    assert changes(before, await partition_values(store)) == {}


async def test_reading_writes_nothing(store, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "t", "u")
    await dispatcher.claim(1)
    before = await partition_values(store)
    await store.tasks.get(NAME, View.FULL)
    await store.tasks.get(NAME, View.BASIC)
    await store.tasks.page(queue_name(), View.FULL, page_size=10, token="")
    assert changes(before, await partition_values(store)) == {}


async def test_delete_leaves_a_tombstone_of_a_given_name(store, clock):
    await seed_queue(store)
    await seed_tasks(store, "t", "u")
    before = await partition_values(store)
    clock.advance(1)
    await store.tasks.delete(NAME)
    after = await partition_values(store)
    assert after.pop("1:t:t") == Tombstone(clock.now_us + HOUR)
    del before["1:t:t"]
    assert changes(before, after) == {"1:e2/t": None}


async def test_delete_of_the_last_task_without_a_name_leaves_nothing(store):
    await seed_queue(store)
    empty = await partition_values(store)
    await seed_task(store, named=False)
    await store.tasks.delete(NAME)
    assert changes(empty, await partition_values(store)) == {}


async def test_delete_beside_a_running_attempt_leaves_its_slot_taken(store, dispatcher):
    await seed_queue(store)
    await seed_task(store, named=False)
    task = await dispatcher.claim_one()
    await store.tasks.delete(NAME)
    values = await partition_values(store)
    assert values["1:l"] == {f"t:{task.key.fence}": START_US + LEASE_US}
    assert "1:e2" not in values
    assert "1:t:t" not in values


async def test_run_does_the_bookkeeping_and_queues_the_attempt(store, clock):
    await seed_queue(store)
    await seed_task(store, schedule_us=START_US + HOUR)
    before = await partition_values(store)
    now = clock.advance(1)
    task = await store.tasks.run(NAME, View.FULL)
    assert changes(before, await partition_values(store)) == {
        "seq/fence": now,
        f"run/1:{now}:t": now,
        "1:t:t/fence": now,
        "1:t:t/flags": NAMED | LEASED | FORCED,
        "1:t:t/dispatches": 1,
        "1:t:t/first_dispatch_us": now,
        "1:t:t/last_dispatch_us": now,
        "1:t:t/last_schedule_us": START_US + HOUR,
    }
    assert task.dispatch_count == 1
    assert task.schedule_us == START_US + HOUR
    assert task.first_attempt == Attempt(now)
    assert task.last_attempt == Attempt(now, START_US + HOUR)
    assert task == await read_task(store)


async def test_a_page_holds_live_tasks_and_ends(store):
    await seed_queue(store)
    await seed_tasks(store, "a", "b", "c", body=b"body")
    tasks, token = await store.tasks.page(queue_name(), View.FULL, page_size=10, token="")
    assert {task.name.task_id for task in tasks} == {"a", "b", "c"}
    assert {task.request.body for task in tasks} == {b"body"}
    assert token == ""
