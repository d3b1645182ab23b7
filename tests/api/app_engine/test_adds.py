"""Adding tasks: the specification's conformance cases (section 6) and rules (2.4, 2.11, 2.13)."""

import json
import logging
from typing import Any

import pytest

from broker import operation_logs
from broker.model.queue import QueueKind
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineRouting, HttpMethod, NewTask, PullMessage, View
from broker.service.app_engine.errors import Result
from broker.store.store import Store
from tests.api.app_engine.calls import ApplicationError, Calls, pull, push, queue
from tests.support.seeds import SECOND, Clock

DAYS_30 = 30 * 86_400 * SECOND
OK, SKIPPED = (Result.OK, b""), (Result.SKIPPED, b"")


async def refusal(call: Calls, *tasks: dict[str, Any]) -> Result:
    """The error that a whole call of BulkAdd must end with."""
    with pytest.raises(ApplicationError) as refused:
        await call.add(*tasks)
    return Result(refused.value.code)


async def results(call: Calls, *tasks: dict[str, Any]) -> list[Result]:
    return [Result(result) for result, _ in await call.add(*tasks)]


@pytest.fixture
def added(store: Store) -> Any:
    """What the store holds of a task of the queue `default`."""

    async def look(task_id: str) -> Any:
        return await store.tasks.get(queue("default").name.task(task_id), View.FULL)

    return look


@pytest.mark.parametrize(
    ("bad", "result"),
    [
        (pull("no name"), Result.INVALID_TASK_NAME),
        (pull("x" * 501), Result.INVALID_TASK_NAME),
        (pull("t", queue=""), Result.INVALID_QUEUE_NAME),
        (pull("t", queue="no_name"), Result.INVALID_QUEUE_NAME),
        (pull("t", queue="none"), Result.UNKNOWN_QUEUE),
        (pull("t", queue="dead"), Result.TOMBSTONED_QUEUE),
        (pull("t", queue="other"), Result.INVALID_REQUEST),
        (pull("t", -1), Result.INVALID_ETA),
        ({key: value for key, value in pull("t").items() if key != "body"}, Result.INVALID_REQUEST),
        (pull("t", tag=b"x" * 501), Result.INVALID_TAG),
        (pull("t", body=b"x" * 1_048_576), Result.TASK_TOO_LARGE),
        (pull("t", retry_parameters={"retry_limit": -1}), Result.INVALID_RETRY_PARAMETERS),
        (pull("t", crontimetable={"schedule": b"", "timezone": b""}), Result.PERMISSION_DENIED),
        (push("t", queue="q", url=b""), Result.INVALID_URL),
        (push("t", queue="q", url=b"work"), Result.INVALID_URL),
        (push("t", queue="q", url=b"/" + b"x" * 2083), Result.INVALID_URL),
        (push("t", queue="q", body=b"x" * 102_400), Result.TASK_TOO_LARGE),
        (push("t", queue="q", dispatch_deadline_usec=14_999_999), Result.INVALID_DISPATCH_DEADLINE),
        (push("t", queue="q", dispatch_deadline_usec=86_400_000_001), Result.INVALID_DISPATCH_DEADLINE),
        (push("t", queue="q", header=[{"key": b"a b", "value": b""}]), Result.INVALID_REQUEST),
        (push("t", queue="q", header=[{"key": b"Host", "value": b"a\r\nb"}]), Result.INVALID_REQUEST),
        (
            push("t", queue="q", retry_parameters={"min_backoff_sec": 2, "max_backoff_sec": 1}),
            Result.INVALID_RETRY_PARAMETERS,
        ),
    ],
)
async def test_case_19_one_bad_task_of_three(
    call: Calls, store: Store, make_queue: Any, bad: dict[str, Any], result: Result
) -> None:
    await make_queue()
    await make_queue("other")
    await store.queues.delete((await make_queue("dead")).name, tombstone_us=10**12)
    assert await call.add(pull("a"), bad, pull("c")) == [SKIPPED, (result, b""), SKIPPED]
    assert await call.names() == []


async def test_case_20_and_21_names_in_use(call: Calls, make_queue: Any) -> None:
    await make_queue()
    exists = (Result.TASK_ALREADY_EXISTS, b"")
    assert await call.add(pull("k1"), pull("k1"), pull("k2")) == [OK, exists, OK]
    assert await call.add(pull("new1"), pull("k2"), pull("new2")) == [OK, exists, OK]
    assert sorted(await call.names()) == ["k1", "k2", "new1", "new2"]


async def test_case_22_and_28_how_many(call: Calls, make_queue: Any) -> None:
    await make_queue()
    assert await call.add() == []
    assert await results(call, *(pull() for _ in range(100))) == [Result.OK] * 100
    assert await refusal(call, *(pull() for _ in range(101))) is Result.TOO_MANY_TASKS


async def test_case_23_the_latest_eta(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    for task in (pull, push):
        latest = clock.now_us + DAYS_30
        assert await results(call, task("", latest)) == [Result.OK]
        assert await results(call, task("", latest + 1)) == [Result.INVALID_ETA]


async def test_case_24_the_largest_task(call: Calls, make_queue: Any) -> None:
    await make_queue()
    body = b"x" * 1_048_476
    assert await results(call, pull("x" * 50, body=body)) == [Result.OK]
    (task,) = await call.lease()
    assert task.body == body
    assert await results(call, push(body=b"x" * 102_300)) == [Result.OK]


async def test_case_33_a_task_from_before_the_limit(call: Calls, store: Store, make_queue: Any) -> None:
    made, body = await make_queue(), b"x" * 2_000_000
    task = NewTask(made.name.task("t"), True, PullMessage(body), 1, None, keeps_past_schedule=True)
    await store.tasks.create(task, horizon_us=DAYS_30)
    (leased,) = await call.lease()
    assert leased.body == body


async def test_case_25_an_empty_body(call: Calls, make_queue: Any) -> None:
    await make_queue()
    await call.add(pull("t", body=b""))
    (task,) = await call.lease()
    assert task.HasField("body")
    assert task.HasField("retry_count")
    assert not task.HasField("tag")


async def test_case_26_the_mode(call: Calls, make_queue: Any) -> None:
    await make_queue()
    await make_queue("push", kind=QueueKind.PUSH)
    for task in (push("t", queue="q"), pull("t", queue="push")):
        assert await refusal(call, task) is Result.INVALID_QUEUE_MODE
        with pytest.raises(ApplicationError) as refused:
            await call("Add", **task)
        assert refused.value.code == Result.INVALID_QUEUE_MODE
    assert await refusal(call, pull("a"), push("b", queue="q")) is Result.INVALID_QUEUE_MODE
    assert await call.stats(b"q", b"push") == [(0, -1, True)] * 2


async def test_the_first_task_must_name_a_queue(call: Calls) -> None:
    assert await refusal(call, pull("t", queue="")) is Result.UNKNOWN_QUEUE


async def test_case_30_chosen_names(call: Calls, make_queue: Any) -> None:
    await make_queue()
    (_, first), named, (_, second) = await call.add(pull(), pull("given"), pull())
    assert named == OK
    assert len({first, second, b""}) == 3
    assert sorted(name.encode() for name in await call.names()) == sorted([first, b"given", second])


@pytest.mark.parametrize("field", ["transaction", "datastore_transaction"])
async def test_case_34_transactions(call: Calls, make_queue: Any, field: str) -> None:
    await make_queue()
    with pytest.raises(ApplicationError, match="transactional tasks need a datastore, which this server has not") as no:
        await call.add(pull("a", **{field: b""}), pull("b"))
    assert no.value.code == 10001
    assert await call.names() == []


async def test_add_is_bulk_add_of_one(call: Calls, make_queue: Any) -> None:
    await make_queue()
    assert not (await call("Add", **pull("t"))).HasField("chosen_task_name")
    assert len((await call("Add", **pull())).chosen_task_name) == 20
    await call("Delete", queue_name=b"q", task_name=[b"t"])
    for task, result in (
        (pull("t"), Result.TOMBSTONED_TASK),
        (pull("x", queue=""), Result.UNKNOWN_QUEUE),
        (pull("x", -1), Result.INVALID_ETA),
    ):
        with pytest.raises(ApplicationError) as refused:
            await call("Add", **task)
        assert refused.value.code == result


async def test_pull_tasks_ignore_what_only_push_tasks_have(call: Calls, make_queue: Any) -> None:
    await make_queue()
    odd = {"url": b"no url", "method": 1, "header": [{"key": b"a b", "value": b"\n"}], "dispatch_deadline_usec": 1}
    assert await call.add(pull("t", description=b"text", **odd)) == [OK]


async def test_additions_are_logged(call: Calls, make_queue: Any, caplog: pytest.LogCaptureFixture) -> None:
    await make_queue(sampling_ratio=1.0)
    await call.add(pull("first"))  # which tells the node that the queue is sampled
    with caplog.at_level(logging.INFO, operation_logs.LOGGER):
        await call.add(pull("first"), pull("second"))
    lines = [json.loads(record.message)["jsonPayload"] for record in caplog.records]
    seen = {line["task"].rpartition("/")[2]: line["taskCreationLog"] for line in lines}
    assert {task_id: (log["status"], log["targetType"]) for task_id, log in seen.items()} == {
        "first": ("ALREADY_EXISTS", "PULL"),
        "second": ("OK", "PULL"),
    }


# Push tasks


async def test_a_push_task_is_an_app_engine_task(call: Calls, clock: Clock, added: Any) -> None:
    headers = {"X-Own": "1", "Host": "v1-dot-worker.local.appspot.com", "Content-Length": "9", "User-Agent": "mine"}
    eta_us = clock.now_us + SECOND
    task = push("t", eta_us, url=b"/work?x=\xc3\xa9", method=4, body=b"abc", dispatch_deadline_usec=86_400_000_000)
    header = [{"key": key.encode(), "value": value.encode()} for key, value in headers.items()]
    assert await call.add({**task, "header": [*header, {"key": b"X-Own", "value": b"2"}]}) == [OK]
    stored = await added("t")
    assert (stored.schedule_us, stored.dispatch_deadline_us, stored.retry_config) == (eta_us, 86_400_000_000, None)
    request = stored.request
    assert (request.relative_uri, request.method, request.body) == ("/work?x=%C3%A9", HttpMethod.PUT, b"abc")
    assert request.routing == AppEngineRouting("worker", "v1", "", "v1-dot-worker.local.appspot.com")
    assert [(key, value) for key, value in request.headers if key == "X-Own"] == [("X-Own", "1"), ("X-Own", "2")]
    assert dict(request.headers) == {
        "X-Own": "2",
        "Content-Type": "application/octet-stream",
        "Content-Length": "3",
        "User-Agent": "mine AppEngine-Google; (+http://code.google.com/appengine)",
    }


@pytest.mark.parametrize(
    ("host", "routing"),
    [
        ("local.appspot.com", AppEngineRouting()),
        ("worker.local.appspot.com", AppEngineRouting("worker")),
        ("v1.worker.local.appspot.com", AppEngineRouting("worker", "v1")),
        ("i.v1.worker.local.appspot.com", AppEngineRouting("worker", "v1", "i")),
        ("a.b.c.d.local.appspot.com", AppEngineRouting(host="a.b.c.d.local.appspot.com")),
        ("worker-dot-local.appspot.com", AppEngineRouting("worker", host="worker-dot-local.appspot.com")),
        ("localhost:8080", AppEngineRouting(host="localhost:8080")),
        ("a b", AppEngineRouting()),
    ],
)
async def test_the_host_means_a_service(call: Calls, added: Any, host: str, routing: AppEngineRouting) -> None:
    await call.add(push("t", header=[{"key": b"host", "value": host.encode()}]))
    assert (await added("t")).request.routing == routing


@pytest.mark.parametrize(("method", "body"), [(1, b""), (2, b"x"), (3, b""), (4, b"x"), (5, b"")])
async def test_only_post_and_put_keep_the_body(call: Calls, added: Any, method: int, body: bytes) -> None:
    await call.add(push("t", method=method, body=b"x"))
    assert (await added("t")).request.body == body


_DEFAULTS = {"max_attempts": -1, "max_retry_duration_us": 0}


@pytest.mark.parametrize(
    ("parameters", "changes"),
    [
        ({}, {}),
        ({"retry_limit": 0}, {"max_attempts": 1}),
        ({"retry_limit": 7}, {"max_attempts": 8}),
        ({"retry_limit": 2**31 - 1}, {"max_attempts": 2**31 - 1}),
        ({"age_limit_sec": 0}, {"max_retry_duration_us": 1}),
        ({"age_limit_sec": 10, "retry_limit": 1}, {"max_attempts": 2, "max_retry_duration_us": 10 * SECOND}),
        ({"min_backoff_sec": 4000}, {"min_backoff_us": 4000 * SECOND, "max_backoff_us": 4000 * SECOND}),
        ({"max_backoff_sec": 0.05}, {"min_backoff_us": 50_000, "max_backoff_us": 50_000}),
        ({"max_doublings": 0}, {"max_doublings": 0}),
        ({"max_backoff_sec": 1e308}, {"max_backoff_us": 2**53 - 1}),
    ],
)
async def test_retry_parameters_replace_the_queues(
    call: Calls, added: Any, parameters: dict[str, Any], changes: dict[str, int]
) -> None:
    await call.add(push("t", retry_parameters=parameters))
    assert (await added("t")).retry_config == RetryConfig(**_DEFAULTS | changes)


# Case 38: the waits of a task that fails at once.
@pytest.mark.parametrize(
    ("parameters", "waits"),
    [
        ({}, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2]),
        ({"min_backoff_sec": 10, "max_backoff_sec": 300, "max_doublings": 3}, [10, 20, 40, 80, 160, 240, 300, 300]),
        ({"min_backoff_sec": 10, "max_backoff_sec": 200, "max_doublings": 0}, [10, 20, 30, 40]),
        ({"min_backoff_sec": 10, "max_backoff_sec": 200, "max_doublings": 3}, [10, 20, 40, 80, 160, 200, 200]),
    ],
)
async def test_case_38_back_off(call: Calls, added: Any, parameters: dict[str, Any], waits: list[float]) -> None:
    await call.add(push("t", retry_parameters=parameters))
    config = (await added("t")).retry_config
    assert [config.interval_us(failures + 1) / 1e6 for failures in range(len(waits))] == waits


async def test_the_queue_default_is_made_when_it_is_used(call: Calls, store: Store) -> None:
    assert await call.add(push("t")) == [OK]
    made = await store.queues.get(queue("default").name)
    assert (made.rate_limits.max_dispatches_per_second, made.rate_limits.max_burst_size) == (5, 5)
    assert made.retry_config.max_attempts == -1
    assert made.tombstone_ttl_us == 9 * 86_400 * SECOND
    assert await call.add(push("t")) == [(Result.TASK_ALREADY_EXISTS, b"")]
    await call("Delete", queue_name=b"default", task_name=[b"t"])
    assert await call.add(push("t")) == [(Result.TOMBSTONED_TASK, b"")]
