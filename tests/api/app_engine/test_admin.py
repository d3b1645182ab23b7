"""The methods of the console (App Engine specification, 2.9)."""

from typing import Any

import pytest

from broker.api.app_engine.admin_methods import ADMIN_METHODS
from broker.api.app_engine.messages import MESSAGES
from broker.model.queue import Acl, QueueState
from broker.service.app_engine.errors import Result
from broker.store.store import Store
from tests.api.app_engine.calls import ApplicationError, Calls, pull, push, queue
from tests.api.app_engine.conftest import ADMIN
from tests.support.seeds import SECOND, Clock

REQUIRED = {"max_rows": 10, "queue_name": b"q", "task_name": b"t", "app_id": b"", "pause": True}
REQUIRED |= {"bucket_refill_per_second": 5, "bucket_capacity": 5}


async def refusal(call: Calls, method: str, *, ticket: str = ADMIN, **fields: Any) -> Result:
    with pytest.raises(ApplicationError) as refused:
        await call(method, ticket=ticket, **fields)
    return Result(refused.value.code)


@pytest.mark.parametrize("method", [method for _, method in ADMIN_METHODS])
async def test_an_admin_ticket_is_needed(call: Calls, method: str) -> None:
    request = MESSAGES[ADMIN_METHODS["taskqueue", method].request]
    fields = {field.name: REQUIRED[field.name] for field in request.DESCRIPTOR.fields if field.is_required}
    for ticket in ("", "another", "projects/local/locations/us-central1"):
        assert await refusal(call, method, ticket=ticket, **fields) is Result.PERMISSION_DENIED


async def test_queues_are_made_changed_and_shown(call: Calls, store: Store) -> None:
    rate = {"bucket_refill_per_second": 2.5, "bucket_capacity": 7}
    limited = {"retry_limit": 3, "age_limit_sec": 60, "min_backoff_sec": 1.0, "max_backoff_sec": 9.0}
    acl = {"user_email": [b"a@example.com"], "writer_email": [b"b@example.com", b"c@example.com"]}
    await call("UpdateQueue", ticket=ADMIN, queue_name=b"push", **rate, retry_parameters=limited)
    await call(
        "UpdateQueue", ticket=ADMIN, queue_name=b"q", mode=1, **rate, retry_parameters={"retry_limit": 2}, acl=acl
    )
    await call("PauseQueue", ticket=ADMIN, queue_name=b"push", app_id=b"", pause=True)
    push_queue, pull_queue = (await call("FetchQueues", ticket=ADMIN, max_rows=10)).queue
    assert (push_queue.queue_name, push_queue.mode, push_queue.paused) == (b"push", 0, True)
    assert (push_queue.bucket_refill_per_second, push_queue.bucket_capacity) == (2.5, 7)
    assert push_queue.max_concurrent_requests == 1000
    parameters = push_queue.retry_parameters
    assert {name: getattr(parameters, name) for name in limited} == limited
    assert (pull_queue.queue_name, pull_queue.mode, pull_queue.paused) == (b"q", 1, False)
    assert pull_queue.retry_parameters == MESSAGES["RetryParameters"](retry_limit=2)
    assert (pull_queue.acl, push_queue.HasField("acl")) == (MESSAGES["Acl"](**acl), False)
    await call("UpdateQueue", ticket=ADMIN, queue_name=b"q", mode=1, **rate)
    assert (await store.queues.get(queue("q").name)).acl == Acl(), "what is absent is cleared"
    await call("UpdateQueue", ticket=ADMIN, queue_name=b"push", **rate, max_concurrent_requests=3)
    await call("PauseQueue", ticket=ADMIN, queue_name=b"push", app_id=b"", pause=False)
    changed = await store.queues.get(queue("push").name)
    assert (changed.state, changed.rate_limits.max_concurrent_dispatches) == (QueueState.RUNNING, 3)
    assert changed.retry_config.max_attempts == -1
    assert [each.queue_name for each in (await call("FetchQueues", ticket=ADMIN, max_rows=1)).queue] == [b"push"]
    for rows in (0, -1):
        assert not (await call("FetchQueues", ticket=ADMIN, max_rows=rows)).queue


async def test_queues_that_cannot_be_made(call: Calls) -> None:
    good = {"queue_name": b"q", "bucket_refill_per_second": 5, "bucket_capacity": 5}
    await call("UpdateQueue", ticket=ADMIN, **good)
    for bad, result in (
        ({"bucket_refill_per_second": -1}, Result.INVALID_QUEUE_RATE),
        ({"bucket_refill_per_second": 501}, Result.INVALID_QUEUE_RATE),
        ({"bucket_refill_per_second": float("nan")}, Result.INVALID_QUEUE_RATE),
        ({"bucket_capacity": -1}, Result.INVALID_QUEUE_RATE),
        ({"queue_name": b"no_name"}, Result.INVALID_QUEUE_NAME),
        ({"mode": 1}, Result.INVALID_QUEUE_MODE),
        ({"retry_parameters": {"retry_limit": -1}}, Result.INVALID_RETRY_PARAMETERS),
    ):
        assert await refusal(call, "UpdateQueue", **good | bad) is result
    await call("DeleteQueue", ticket=ADMIN, queue_name=b"q", app_id=b"")
    for method in ("UpdateQueue", "DeleteQueue", "PauseQueue"):
        fields = good if method == "UpdateQueue" else {"queue_name": b"q", "app_id": b""}
        more = {"pause": True} if method == "PauseQueue" else {}
        assert await refusal(call, method, **fields, **more) is Result.TOMBSTONED_QUEUE
    assert await refusal(call, "DeleteQueue", queue_name=b"none", app_id=b"") is Result.UNKNOWN_QUEUE


async def test_tasks_are_shown_in_three_orders(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    tags = {"a": b"y", "b": b"x", "c": b"y", "d": b""}
    await call.add(*(pull(name, 10 - number, tag=tags[name]) for number, name in enumerate(tags)))

    async def names(**fields: Any) -> str:
        fields = {"queue_name": b"q", "max_rows": 10, **fields}
        return b"".join(task.task_name for task in (await call("QueryTasks", ticket=ADMIN, **fields)).task).decode()

    assert await names() == "abcd"
    assert await names(start_task_name=b"b", max_rows=2) == "bc"
    assert await names(start_eta_usec=0) == "dcba"
    assert await names(start_eta_usec=8, start_task_name=b"d") == "ba"
    assert await names(start_tag=b"x") == "bca"
    assert await names(start_tag=b"y", start_eta_usec=9) == "a"
    assert await names(max_rows=-1) == ""


async def test_a_pull_task_is_shown(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    await call.add(pull("t", 5, body=b"work", tag=b"x", retry_parameters={"retry_limit": 3}))
    (task,) = await call.lease()
    shown = (await call("FetchTask", ticket=ADMIN, queue_name=b"q", task_name=b"t")).task.task[0]
    assert (shown.task_name, shown.eta_usec, shown.creation_time_usec) == (b"t", task.eta_usec, clock.now_us)
    assert (shown.body, shown.body_size, shown.tag) == (b"work", 4, b"x")
    assert (shown.retry_count, shown.execution_count) == (1, 1)
    assert shown.retry_parameters == MESSAGES["RetryParameters"](retry_limit=3)
    await call("Delete", queue_name=b"q", task_name=[b"t"])
    for name, result in ((b"t", Result.TOMBSTONED_TASK), (b"never", Result.UNKNOWN_TASK)):
        assert await refusal(call, "FetchTask", queue_name=b"q", task_name=name) is result


async def test_a_push_task_is_shown_and_run(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    eta_us = clock.now_us + 60 * SECOND
    await call.add(push("t", eta_us, method=1, header=[{"key": b"X-Own", "value": b"1"}]))
    shown = (await call("FetchTask", ticket=ADMIN, queue_name=b"default", task_name=b"t")).task.task[0]
    assert (shown.url, shown.method, shown.eta_usec) == (b"/work", 1, eta_us)
    assert (shown.header[0].key, shown.header[0].value) == (b"X-Own", b"1")

    async def run(queue_id: bytes, task: bytes) -> Result:
        return Result((await call("ForceRun", ticket=ADMIN, queue_name=queue_id, task_name=task)).result)

    assert await run(b"default", b"t") is Result.OK
    shown = (await call("FetchTask", ticket=ADMIN, queue_name=b"default", task_name=b"t")).task.task[0]
    assert (shown.retry_count, shown.first_try_usec) == (1, clock.now_us)
    assert await run(b"default", b"never") is Result.UNKNOWN_TASK
    assert await run(b"none", b"t") is Result.UNKNOWN_QUEUE
    assert await run(b"q", b"t") is Result.INVALID_QUEUE_MODE
