"""Every kind of request survives the store, and records without the newer members are read as they were meant."""

import json

import pytest

from broker.model.names import QueueName
from broker.model.queue import Queue
from broker.model.retry import RetryConfig
from broker.model.task import (
    AppEngineHttpRequest,
    AppEngineRouting,
    HttpMethod,
    HttpRequest,
    NewTask,
    OauthToken,
    OidcToken,
    View,
)
from broker.store.record import Record, pack_meta

QUEUE = QueueName("p", "l", "q")
HEADERS = (("B", "ü"), ("A", ""))
TASKS = [
    {"request": HttpRequest("")},
    {"request": HttpRequest("http://h/", HttpMethod.GET, HEADERS, b"\0", oidc_token=OidcToken("a@b.c", "d"))},
    {"request": HttpRequest("http://h/", oauth_token=OauthToken("a@b.c"))},
    {"request": AppEngineHttpRequest(), "dispatch_deadline_us": None},
    {"request": AppEngineHttpRequest(), "dispatch_deadline_us": 600_000_000},
    {
        "request": AppEngineHttpRequest("/u?q", HttpMethod.PUT, HEADERS, b"\xff", AppEngineRouting("s", "", "i")),
        "dispatch_deadline_us": 86_415_000_000,
        "retry_config": RetryConfig(-1, 1, 2, 3, 4),
    },
]


@pytest.mark.parametrize("fields", TASKS)
async def test_a_task_comes_back_as_it_was_created(store, fields):
    await store.queues.create(Queue(QUEUE), max_queues=1)
    created = await store.tasks.create(NewTask(QUEUE.task("t"), True, **fields), horizon_us=1)
    assert await store.tasks.get(QUEUE.task("t"), View.FULL) == created
    assert (created.request, created.retry_config) == (fields["request"], fields.get("retry_config"))


def test_what_is_as_usual_is_not_stored():
    def meta(**fields):
        return json.loads(pack_meta(NewTask(QUEUE.task("t"), False, **fields)))

    assert meta(request=HttpRequest("http://h/")) == {"u": "http://h/"}
    assert meta(request=AppEngineHttpRequest(), dispatch_deadline_us=None) == {"a": "/"}


async def test_a_record_of_the_version_before_is_read(store, redis_client):
    """It knew neither App Engine nor OAuth; the payload is the one that it wrote."""
    await store.queues.create(Queue(QUEUE), max_queues=1)
    await store.tasks.create(NewTask(QUEUE.task("t"), True, HttpRequest("http://h/x")), horizon_us=1)
    (key,) = redis_client.keys("*:t:t")
    raw = redis_client.get(key)
    assert raw.endswith(b'{"u":"http://h/x"}')
    record = Record.unpack(raw)
    assert (record.request, record.dispatch_deadline_us) == (HttpRequest("http://h/x"), 600_000_000)
