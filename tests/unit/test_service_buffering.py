"""BufferTask against a real store: what becomes of a call's headers and body, and which queues take it."""

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.task import HttpMethod, View
from broker.service import buffering, queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import HttpTargetDraft, QueueDraft

QUEUE = QueueName("p", "l", "q")
PARENT = str(QUEUE)
AGENT = ("User-Agent", "Google-Cloud-Tasks")


@pytest.fixture
def broker(store):
    return Broker(store, Limits(), Metrics())


async def create_queue(broker, **target):
    draft = QueueDraft(name=PARENT, http_target=HttpTargetDraft(**target))
    await queues.create_queue(broker, str(QUEUE.parent), draft)
    await queues.pause_queue(broker, PARENT)


async def buffer(broker, task_id="", headers=(), body=b"", queue=PARENT):
    return await buffering.buffer_task(broker, queue, task_id, headers, body)


async def refusal(call):
    with pytest.raises(HeadraceError) as refused:
        await call
    return refused.value.code


async def test_a_call_becomes_a_task(broker):
    await create_queue(broker, host="target.test")
    sent = (("Content-Type", "text/plain"), ("X-Kept-Casing", "é"), ("traceparent", "00-1"))
    task = await buffer(broker, "named", sent, b"\x00body")
    assert (str(task.name), task.view, task.request.body) == (f"{PARENT}/tasks/named", View.BASIC, b"")
    kept = (await tasks.get_task(broker, str(task.name), View.FULL)).request
    assert (kept.url, kept.method, kept.body) == ("", HttpMethod.POST, b"\x00body")
    assert kept.headers == (*sent, AGENT)


async def test_without_an_id_each_call_is_a_task(broker):
    await create_queue(broker, host="target.test")
    names = {(await buffer(broker)).name.task_id for _ in range(3)}
    assert len(names) == 3
    assert all(name.isdecimal() for name in names)


OF_THE_CALL = """
Authorization cookie Host Content-Length Content-Encoding Transfer-Encoding Connection Accept Accept-Encoding
X-Forwarded-For X-Goog-Api-Key X-Google-Foo X-AppEngine-QueueName x-cloudtasks-taskname User-Agent
Proxy-Authorization Via Expect
"""


@pytest.mark.parametrize("name", OF_THE_CALL.split())
async def test_headers_of_the_call_itself_are_not_copied(broker, name):
    await create_queue(broker, host="target.test")
    task = await buffer(broker, headers=((name, "1"), ("X-Mine", "2")))
    assert task.request.headers == (("X-Mine", "2"), AGENT)


@pytest.mark.parametrize("target", [{}, {"path": "/x"}, {"method": HttpMethod.GET}])
async def test_the_queue_must_name_a_host(broker, target):
    await create_queue(broker, **target)
    assert await refusal(buffer(broker)) is Code.FAILED_PRECONDITION


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"queue": "projects/p/locations/l/queues/missing"}, Code.NOT_FOUND),
        ({"queue": "x"}, Code.INVALID_ARGUMENT),
        ({"task_id": "no.good"}, Code.INVALID_ARGUMENT),
        ({"headers": (("X", "a\nb"),)}, Code.INVALID_ARGUMENT),
        ({"body": b"x" * 1_100_000}, Code.INVALID_ARGUMENT),
    ],
)
async def test_calls_that_cannot_be(broker, arguments, code):
    await create_queue(broker, host="target.test")
    assert await refusal(buffer(broker, **arguments)) is code


async def test_a_name_in_use(broker):
    await create_queue(broker, host="target.test")
    await buffer(broker, "a")
    assert await refusal(buffer(broker, "a")) is Code.ALREADY_EXISTS
