"""The use cases of queues against a real store: results, and the recorded errors (3.6, 3.7, 4.3)."""

import asyncio
from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.service import queues
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft

PARENT = "projects/p/locations/l"
NAME = f"{PARENT}/queues/q"
QUEUE = Queue(QueueName("p", "l", "q"))

MISSING = (
    Code.NOT_FOUND,
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
)
TOO_RECENT = (
    Code.FAILED_PRECONDITION,
    "The queue cannot be created because a queue with this name existed too recently.",
)


@pytest.fixture
def broker(store):
    return Broker(store, Limits(), Metrics())


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code, refused.value.message


async def create(broker, queue_id="q", **fields):
    return await queues.create_queue(broker, PARENT, QueueDraft(name=f"{PARENT}/queues/{queue_id}", **fields))


async def test_a_created_queue_is_there_with_its_defaults(broker):
    assert await create(broker) == QUEUE
    assert await queues.get_queue(broker, NAME) == QUEUE


async def test_a_name_in_use_is_refused(broker):
    await create(broker)
    assert await refusal(create(broker)) == (Code.ALREADY_EXISTS, "Queue already exists")


@pytest.mark.parametrize("call", [queues.get_queue, queues.pause_queue, queues.resume_queue, queues.purge_queue])
async def test_a_missing_or_deleted_queue_is_not_found(broker, call):
    assert await refusal(call(broker, NAME)) == MISSING
    await create(broker)
    await queues.delete_queue(broker, NAME)
    assert await refusal(call(broker, NAME)) == MISSING


async def test_deleting_a_missing_queue_has_a_text_of_its_own(broker):
    assert await refusal(queues.delete_queue(broker, NAME)) == (
        Code.NOT_FOUND,
        "Requested entity was not found.",
    )


async def test_the_name_of_a_deleted_queue_is_taken_for_a_while(broker):
    await create(broker)
    await queues.delete_queue(broker, NAME)
    assert await refusal(create(broker)) == TOO_RECENT
    assert await refusal(queues.update_queue(broker, QueueDraft(name=NAME), ())) == TOO_RECENT


async def test_a_location_holds_a_limited_number_of_queues(broker):
    broker = replace(broker, limits=Limits(queues_per_location=1))
    await create(broker)
    code, text = await refusal(create(broker, "r"))
    assert code is Code.RESOURCE_EXHAUSTED
    assert "queues_per_location" in text


async def test_pausing_and_resuming_are_idempotent(broker):
    await create(broker)
    for call, state in [
        (queues.pause_queue, QueueState.PAUSED),
        (queues.pause_queue, QueueState.PAUSED),
        (queues.resume_queue, QueueState.RUNNING),
        (queues.resume_queue, QueueState.RUNNING),
    ]:
        assert (await call(broker, NAME)).state is state
        assert (await queues.get_queue(broker, NAME)).state is state


async def test_purging_records_its_time(broker):
    await create(broker)
    before_us = await broker.store.time_us()
    purged = await queues.purge_queue(broker, NAME)
    assert before_us <= purged.purge_time_us <= await broker.store.time_us()
    assert await queues.get_queue(broker, NAME) == purged


async def test_an_update_changes_what_the_mask_selects(broker):
    await create(broker, max_attempts=7, sampling_ratio=0.5)
    await queues.pause_queue(broker, NAME)
    draft = QueueDraft(name=NAME, max_dispatches_per_second=1.0, max_attempts=9)
    updated = await queues.update_queue(broker, draft, ["rate_limits", "state", "name"])
    assert updated == replace(
        QUEUE,
        rate_limits=RateLimits(1, 10, 1000),
        retry_config=RetryConfig(max_attempts=7),
        state=QueueState.PAUSED,
        sampling_ratio=0.5,
    )
    assert await queues.get_queue(broker, NAME) == updated


async def test_an_update_is_checked_against_what_is_there(broker):
    await create(broker, min_backoff_us=2_000_000, max_backoff_us=9_000_000_000)
    draft = QueueDraft(name=NAME, min_backoff_us=8_000_000_000, max_backoff_us=1_000_000)
    updated = await queues.update_queue(broker, draft, ["retry_config.min_backoff"])
    assert updated.retry_config.min_backoff_us == 8_000_000_000
    assert await refusal(queues.update_queue(broker, draft, ["retry_config.max_backoff"])) == (
        Code.INVALID_ARGUMENT,
        "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
    )
    assert await queues.get_queue(broker, NAME) == updated


async def test_updating_a_missing_queue_creates_it(broker):
    draft = QueueDraft(name=NAME, max_attempts=9, sampling_ratio=0.5)
    created = await queues.update_queue(broker, draft, ["retry_config.max_attempts"])
    assert created == replace(QUEUE, retry_config=RetryConfig(max_attempts=9))
    assert await queues.get_queue(broker, NAME) == created


async def test_updates_of_a_missing_queue_at_the_same_time_all_count(broker):
    await asyncio.gather(
        queues.update_queue(broker, QueueDraft(name=NAME, max_attempts=9), ["retry_config.max_attempts"]),
        queues.update_queue(broker, QueueDraft(name=NAME, max_doublings=3), ["retry_config.max_doublings"]),
    )
    updated = await queues.get_queue(broker, NAME)
    assert updated.retry_config == RetryConfig(max_attempts=9, max_doublings=3)


async def test_a_refused_update_creates_nothing(broker):
    draft = QueueDraft(name=NAME, max_attempts=-2)
    assert (await refusal(queues.update_queue(broker, draft, ())))[0] is Code.INVALID_ARGUMENT
    assert await refusal(queues.get_queue(broker, NAME)) == MISSING


async def list_ids(broker, page_size=0, page_token="", filter_text=""):
    page, token = await queues.list_queues(
        broker, PARENT, page_size=page_size, page_token=page_token, filter_text=filter_text
    )
    return [queue.name.queue_id for queue in page], token


async def test_queues_are_listed_by_name_in_pages(broker):
    for queue_id in ["b", "a-2", "c", "a", "B"]:
        await create(broker, queue_id)
    await queues.create_queue(broker, f"{PARENT}2", QueueDraft(name=f"{PARENT}2/queues/other"))
    assert await list_ids(broker) == (["B", "a", "a-2", "b", "c"], "")
    first, token = await list_ids(broker, 2)
    second, token = await list_ids(broker, 2, token)
    third = await list_ids(broker, 2, token)
    assert (first, second, third) == (["B", "a"], ["a-2", "b"], (["c"], ""))


async def test_an_empty_location_has_no_queues(broker):
    assert await list_ids(broker) == ([], "")


async def test_a_listing_goes_on_after_a_queue_that_is_gone(broker):
    for queue_id in ["a", "b", "c"]:
        await create(broker, queue_id)
    _, token = await list_ids(broker, 2)
    await queues.delete_queue(broker, f"{PARENT}/queues/b")
    assert await list_ids(broker, 2, token) == (["c"], "")


async def test_listing_refuses_what_it_cannot_do(broker):
    await create(broker)
    await create(broker, "r")
    _, token = await list_ids(broker, 1)
    assert (await refusal(list_ids(broker, -1)))[0] is Code.INVALID_ARGUMENT
    assert (await refusal(list_ids(broker, 1, "no token")))[0] is Code.INVALID_ARGUMENT
    assert (await refusal(list_ids(broker, 1, token, "state: PAUSED")))[0] is Code.INVALID_ARGUMENT
