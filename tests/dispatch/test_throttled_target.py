"""A target with too much to do: its queue slows down and recovers as the pure model says, and waits as it is told."""

import asyncio

import pytest

from broker.model.retry import RetryConfig
from broker.model.task import AppEngineHttpRequest, HttpRequest, View
from broker.model.throttle import Throttle
from tests.support.dispatching import create_task, running_dispatcher
from tests.support.nodes import metric
from tests.support.rates import ROUNDING, Limit, worst_excess
from tests.support.recorder import Answer, Recorder
from tests.support.rest import Rest
from tests.support.seeds import HOUR, SECOND, queue_name, read_task, seed_queue
from tests.support.targets import listening, read_request
from tests.support.up import Up
from tests.support.waiting import eventually, eventually_async

NO_RETRY_SOON = RetryConfig(min_backoff_us=HOUR, max_backoff_us=HOUR)


@pytest.fixture
def recorder():
    with Recorder() as recorder:
        yield recorder


async def all_answered(store, queue_id, count):
    """The queue's tasks, once an attempt of each has ended."""

    async def look():
        tasks, _ = await store.tasks.page(queue_name(queue_id), View.BASIC, page_size=1000, token="")
        ended = [task for task in tasks if task.last_attempt and task.last_attempt.response_us]
        return ended if len(ended) == count else None

    return await eventually_async(look, 60)


async def rates_in_force(store):
    return {depth.name.queue_id: depth.rate for depth in await store.queues.depths(limit=100)}


async def test_the_queue_slows_down_and_recovers_as_the_model_says(store, recorder):
    """One request at a time, so that the answers come in the order in which they were settled."""
    rate, overloaded, others = 20.0, 14, 12
    await seed_queue(store, rate=rate, burst=1, concurrency=1, retry_config=NO_RETRY_SOON)
    recorder.script("*", *[429, 503] * (overloaded // 2), 404)
    begun_us = await store.time_us()
    for number in range(overloaded + others):
        await create_task(store, HttpRequest(recorder.url), f"t{number}")
    async with running_dispatcher(store):
        tasks = await all_answered(store, "q", overloaded + others)
        in_force = await rates_in_force(store)
    throttle, limits = Throttle(), [Limit(begun_us, rate, 1)]
    attempts = sorted((task.last_attempt for task in tasks), key=lambda attempt: attempt.response_us)
    assert [attempt.http_status for attempt in attempts] == [429, 503] * (overloaded // 2) + [404] * others
    for attempt in attempts:
        throttle = throttle.after(attempt.response_us, overloaded=attempt.http_status in (429, 503))
        limits.append(Limit(attempt.response_us, rate * throttle.factor, 1))
    assert in_force == {"q": pytest.approx(rate * throttle.factor)}
    slowest = min(limit.rate for limit in limits)
    assert slowest <= rate / 4
    assert throttle.factor > slowest / rate, "it recovers"
    assert worst_excess([attempt.dispatch_us for attempt in attempts], limits) <= ROUNDING


TARGET_DATE = "Sun, 06 Nov 2033 08:49:37 GMT"


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_the_next_attempt_waits_as_long_as_it_was_told(store, recorder, status):
    rows = {
        # Retry-After, back-off and longest back-off of the task (s), wait (s)
        "seconds": ("40", 1, 3600, 40),
        "date": ("Sun, 06 Nov 2033 08:50:17 GMT", 1, 3600, 40),
        "capped-by-the-queue": ("40", 1, 10, 10),
        "capped-at-an-hour": ("7200", 1, 7200, 3600),
        "back-off-is-longer": ("1", 30, 3600, 30),
        "past": ("Sun, 06 Nov 2033 08:49:00 GMT", 2, 3600, 2),
        "nonsense": ("soon", 2, 3600, 2),
    }
    await seed_queue(store)
    for task_id, (retry_after, backoff_s, longest_s, _) in rows.items():
        recorder.script(task_id, Answer(status, {"Retry-After": retry_after, "Date": TARGET_DATE}))
        retry = RetryConfig(min_backoff_us=backoff_s * SECOND, max_backoff_us=longest_s * SECOND)
        await create_task(store, HttpRequest(recorder.url), task_id, retry_config=retry)
    async with running_dispatcher(store):
        tasks = await all_answered(store, "q", len(rows))
    waits_s = {task.name.task_id: (task.schedule_us - task.last_attempt.response_us) / SECOND for task in tasks}
    assert waits_s == {task_id: wait_s for task_id, (*_, wait_s) in rows.items()}


async def test_no_attempt_comes_before_that(store, recorder):
    await seed_queue(store, retry_config=RetryConfig(min_backoff_us=10_000))
    recorder.script("t", Answer(429, {"Retry-After": "1"}), Answer(503, {"Retry-After": "1000"}))
    await create_task(store, HttpRequest(recorder.url))
    async with running_dispatcher(store):
        await asyncio.to_thread(recorder.wait_for, "q", 2)
        task = await read_task(store)
    assert task.dispatch_count == 2
    assert task.last_attempt.dispatch_us >= task.last_attempt.schedule_us >= task.first_attempt.dispatch_us + SECOND


async def answer_as_asked(reader, writer):
    """The status is the path."""
    while True:
        status = (await read_request(reader)).split(b" ", 2)[1].strip(b"/")
        writer.write(b"HTTP/1.1 %s Asked\r\nContent-Length: 0\r\n\r\n" % status)


@pytest.mark.parametrize("control", [True, False])
async def test_which_answers_slow_a_queue_down(store, control):
    rate, statuses = 8.0, (302, 404, 429, 500, 502, 503, 504)
    async with listening(answer_as_asked) as target:
        url = f"http://127.0.0.1:{target.port}"
        async with running_dispatcher(store, overload_control=control, app_engine_target=url):
            for status in statuses:
                requests = {"http": HttpRequest(f"{url}/{status}"), "app": AppEngineHttpRequest(f"/{status}")}
                for kind, request in requests.items():
                    queue_id = f"{kind}-{status}"
                    await seed_queue(store, queue_id, rate=rate, retry_config=NO_RETRY_SOON)
                    await create_task(store, request, queue_id=queue_id)
            for status in statuses:
                for kind in requests:
                    (task,) = await all_answered(store, f"{kind}-{status}", 1)
                    assert task.last_attempt.http_status == status
    slowed = {"http-429", "http-503", "app-503"} if control else set()
    for queue_id, in_force in (await rates_in_force(store)).items():
        assert in_force == (rate / 2 if queue_id in slowed else rate), queue_id


@pytest.mark.parametrize(("flags", "in_force"), [((), 4), (("--no-overload-control",), 8)])
def test_the_rate_in_force_is_a_metric_and_the_configured_one_stays(recorder, flags, in_force):
    with Up(*flags) as up:
        rest = Rest(up.http)
        retry = {"minBackoff": "3600s", "maxBackoff": "3600s"}
        queue = rest.create_queue("q", rateLimits={"maxDispatchesPerSecond": 8}, retryConfig=retry)
        assert metric(up, "headrace_queue_rate", queue=queue) == 8
        recorder.script("*", 429)
        task = rest.create_task(queue, recorder.url)
        eventually(lambda: "responseTime" in rest.get_task(task).get("lastAttempt", {}))
        assert metric(up, "headrace_queue_rate", queue=queue) == in_force
        assert rest.call("GET", queue)["rateLimits"]["maxDispatchesPerSecond"] == 8
        rest.close()
