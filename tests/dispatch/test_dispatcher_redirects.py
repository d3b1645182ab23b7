"""Redirects through a whole dispatcher: those of HTTP tasks are followed, those of App Engine tasks are failures."""

import pytest

from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, HttpRequest
from tests.support.dispatching import create_task, running_dispatcher
from tests.support.seeds import HOUR, read_task, seed_queue
from tests.support.targets import OK, answering
from tests.support.waiting import eventually_async
from worker.redirects import MOST_HOPS

NO_RETRY_SOON = RetryConfig(min_backoff_us=HOUR, max_backoff_us=HOUR)


def see(location, status=307):
    return f"HTTP/1.1 {status} See\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def gone(store):
    return await read_task(store) is None


async def failed_attempt(store):
    """The task, once an attempt has failed."""

    async def look():
        task = await read_task(store)
        return task if task.last_attempt and task.last_attempt.response_us else None

    return await eventually_async(look)


def lines(target):
    """The request line of each request."""
    return [request.split(b"\r\n", 1)[0].decode().removesuffix(" HTTP/1.1") for request in target.requests]


@pytest.mark.parametrize(
    ("status", "followed"), [(301, "GET /next"), (302, "GET /next"), (303, "GET /next"), (307, "POST /next")]
)
async def test_a_chain_is_one_attempt_and_its_end_decides(store, status, followed):
    await seed_queue(store, retry_config=NO_RETRY_SOON)
    async with answering(see("/next", status), OK) as target, running_dispatcher(store):
        await create_task(store, HttpRequest(f"http://127.0.0.1:{target.port}/first", body=b"work"))
        await eventually_async(lambda: gone(store))
    assert lines(target) == ["POST /first", followed]
    assert target.requests[1].endswith(b"work") == (status == 307)
    assert b"X-CloudTasks-TaskRetryCount: 0" in target.requests[1]


async def test_a_chain_that_fails_is_one_failed_attempt(store):
    await seed_queue(store, retry_config=NO_RETRY_SOON)
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    async with answering(see("/a"), see("/b"), refused) as target, running_dispatcher(store):
        await create_task(store, HttpRequest(f"http://127.0.0.1:{target.port}/"))
        task = await failed_attempt(store)
    assert lines(target) == ["POST /", "POST /a", "POST /b"]
    assert (task.dispatch_count, task.response_count, task.last_attempt.http_status) == (1, 1, 403)


async def test_a_chain_without_end_is_a_failure(store):
    await seed_queue(store, retry_config=NO_RETRY_SOON)
    async with answering(see("/again", 308)) as target, running_dispatcher(store):
        await create_task(store, HttpRequest(f"http://127.0.0.1:{target.port}/"))
        task = await failed_attempt(store)
    assert (len(target.requests), task.last_attempt.http_status) == (1 + MOST_HOPS, 308)


async def test_the_overload_of_a_chains_end_slows_the_queue_down(store):
    await seed_queue(store, rate=8, retry_config=NO_RETRY_SOON)
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    async with answering(see("/next"), busy) as target, running_dispatcher(store):
        await create_task(store, HttpRequest(f"http://127.0.0.1:{target.port}/"))
        await failed_attempt(store)
    (depth,) = await store.queues.depths(limit=1)
    assert depth.rate == 4


async def test_an_app_engine_task_is_not_redirected(store):
    await seed_queue(store, retry_config=NO_RETRY_SOON)
    async with (
        answering(see("/next", 302), OK) as target,
        running_dispatcher(store, app_engine_target=f"http://127.0.0.1:{target.port}"),
    ):
        await create_task(store, AppEngineHttpRequest("/first"))
        task = await failed_attempt(store)
    assert lines(target) == ["POST /first"]
    assert (task.dispatch_count, task.last_attempt.http_status) == (1, 302)
