"""Leases as the specification's conformance cases (section 6) have them; the number of each is in its name."""

from typing import Any

import pytest

from broker.model.limits import Limits
from broker.model.queue import QueueKind, QueueState
from broker.model.retry import RetryConfig
from broker.service.app_engine.errors import Result
from tests.api.app_engine.calls import ApplicationError, Calls, pull
from tests.support.seeds import SECOND, Clock


async def refusal(calls: Calls, method: str, **fields: Any) -> tuple[Result, str]:
    """The error that a call must end with."""
    with pytest.raises(ApplicationError) as refused:
        await calls(method, **fields)
    return Result(refused.value.code), refused.value.detail


def lease(queue: bytes = b"q", seconds: float = 10, most: int = 10, **fields: Any) -> dict[str, Any]:
    return {"queue_name": queue, "lease_seconds": seconds, "max_tasks": most, **fields}


def modify(task: str, eta_us: int, seconds: float, queue: bytes = b"q") -> dict[str, Any]:
    return {"queue_name": queue, "task_name": task.encode(), "eta_usec": eta_us, "lease_seconds": seconds}


async def test_case_1_and_2_order_and_counts(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    now = clock.now_us
    places = {"c": -3, "a": -1, "b": -2, "n": 0, "f": 1}
    await call.add(*(pull(name, now + offset) for name, offset in places.items()))
    first = await call.lease(seconds=10, most=2)
    assert [(task.task_name, task.eta_usec, task.retry_count) for task in first] == [
        (b"c", now + 10 * SECOND, 1),
        (b"b", now + 10 * SECOND, 1),
    ]
    assert await call.names(seconds=0, most=10) == ["a"]
    clock.now_us += 1
    again = await call.lease(seconds=5, most=10)
    assert [(task.task_name, task.retry_count) for task in again] == [(b"a", 2), (b"n", 1)]


async def test_case_3_and_4_what_is_available(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    await make_queue("other")
    start = clock.now_us
    await call.add(*(pull(f"t{second:02}", start + second * SECOND) for second in range(16)))
    clock.advance(5.5)
    assert await call.names(seconds=10, most=100) == [f"t{second:02}" for second in range(6)]
    names = [f"t{number}" for number in range(8)]
    await call.add(*(pull(name, start, queue="other") for name in names))
    found = []
    for second, (most, seconds) in {10: (2, 50), 20: (8, 50), 61: (5, 1), 200: (10, 1)}.items():
        clock.now_us = start + second * SECOND
        found.append(await call.names(b"other", seconds=seconds, most=most))
    assert found == [names[:2], names[2:], names[:2], names]


async def test_case_5_and_6_tags(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    etas = {"u1": 1990, "x1": 1991, "x2": 1992, "y1": 1993, "u2": 1994, "x3": 1995}
    tags = {name: {} if name[0] == "u" else {"tag": name[0].encode()} for name in etas}
    await call.add(*(pull(name, eta * SECOND, **tags[name]) for name, eta in etas.items()))
    by_tag: dict[str, Any] = {"seconds": 10_000, "group_by_tag": True}
    assert await call.names(**by_tag) == ["u1", "u2"]
    tasks = await call.lease(**by_tag, most=2)
    assert [(task.task_name, task.tag) for task in tasks] == [(b"x1", b"x"), (b"x2", b"x")]
    assert await call.names(**by_tag, tag=b"y") == ["y1"]
    assert await call.names(**by_tag, tag=b"") == ["x3"]
    assert await call.names(**by_tag) == []


async def test_case_7_to_9_refused_leases(call: Calls, make_queue: Any) -> None:
    await make_queue()
    await make_queue("push", kind=QueueKind.PUSH)
    text = "Tag specified, but group_by_tag was not."
    for fields in ({"tag": b"x", "group_by_tag": False}, {"tag": b""}):
        assert await refusal(call, "QueryAndOwnTasks", **lease(), **fields) == (Result.INVALID_REQUEST, text)
    for queue, result in (
        (b"push", Result.INVALID_QUEUE_MODE),
        (b"none", Result.UNKNOWN_QUEUE),
        (b"", Result.INVALID_QUEUE_NAME),
        (b"no_name", Result.INVALID_QUEUE_NAME),
        (b"\xff", Result.INVALID_QUEUE_NAME),
        (b"default", Result.INVALID_QUEUE_MODE),
    ):
        assert (await refusal(call, "QueryAndOwnTasks", **lease(queue)))[0] is result
    for most, seconds in ((0, 1), (-1, 1), (1001, 1), (1, -1), (1, -1e-9), (1, 604_801), (1, 1e308), (1, float("nan"))):
        assert (await refusal(call, "QueryAndOwnTasks", **lease(most=most, seconds=seconds)))[0] is (
            Result.INVALID_REQUEST
        )
    assert await call.lease(seconds=604_800, most=1000) == []


async def test_case_10_and_11_a_lease_is_proved_by_its_eta(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    start = clock.now_us
    await call.add(pull("t"))
    clock.advance(10)
    (task,) = await call.lease(seconds=30)
    clock.advance(5)
    updated = await call("ModifyTaskLease", **modify("t", task.eta_usec, 60))
    assert updated.updated_eta_usec == start + 75 * SECOND
    for eta_us in (task.eta_usec, updated.updated_eta_usec - 1):
        assert (await refusal(call, "ModifyTaskLease", **modify("t", eta_us, 60)))[0] is Result.TASK_LEASE_EXPIRED
    clock.now_us = updated.updated_eta_usec + 1
    expired = await refusal(call, "ModifyTaskLease", **modify("t", updated.updated_eta_usec, 60))
    assert expired[0] is Result.TASK_LEASE_EXPIRED


async def test_case_12_refused_modifications(call: Calls, clock: Clock, store: Any, make_queue: Any) -> None:
    queue = await make_queue()
    await make_queue("push", kind=QueueKind.PUSH)
    await call.add(pull("gone"), pull("t"))
    await call("Delete", queue_name=b"q", task_name=[b"gone"])

    async def result(*arguments: Any) -> Result:
        return (await refusal(call, "ModifyTaskLease", **modify(*arguments)))[0]

    assert await result("unknown", 1, 1) is Result.UNKNOWN_TASK
    assert await result("no name", 1, 1) is Result.UNKNOWN_TASK
    assert await result("gone", 1, 1) is Result.TOMBSTONED_TASK
    assert await result("t", 1, 1, b"push") is Result.INVALID_QUEUE_MODE
    assert await result("t", 1, 1, b"none") is Result.UNKNOWN_QUEUE
    assert await result("t", 1, -1) is Result.INVALID_REQUEST
    assert await result("t", 1, 604_801) is Result.INVALID_REQUEST
    assert await result("unknown", 1, -1, b"push") is Result.INVALID_QUEUE_MODE
    await store.queues.set_state(queue.name, QueueState.PAUSED)
    assert await result("t", 1, 1) is Result.QUEUE_PAUSED
    assert await result("t", 1, -1) is Result.QUEUE_PAUSED
    assert await call.names() == ["t"], "a paused queue can be leased from"


async def test_case_13_and_14_giving_back_and_taking_early(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    now = clock.now_us
    await call.add(pull("t"), pull("later", now + 50))
    (task,) = await call.lease()
    given_back = await call("ModifyTaskLease", **modify("t", task.eta_usec, 0))
    assert given_back.updated_eta_usec == now
    early = await call("ModifyTaskLease", **modify("later", now + 50, 5))
    assert early.updated_eta_usec == now + 5 * SECOND
    assert await call.names() == []
    clock.now_us += 1
    (task,) = await call.lease()
    assert (task.task_name, task.retry_count) == (b"t", 2)


async def test_case_15_retry_limits(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue(retry_config=RetryConfig(max_attempts=2))
    own = {"retry_parameters": {"retry_limit": 1}}
    endless = {"retry_parameters": {"retry_limit": 1, "age_limit_sec": 1}}
    none = {"retry_parameters": {"retry_limit": 0}}
    await call.add(pull("queues"), pull("own", **own), pull("endless", **endless), pull("none", **none))
    counts = []
    for _ in range(4):
        clock.advance(11)
        counts.append({task.task_name: task.retry_count for task in await call.lease(seconds=10)})
    assert counts == [
        {b"queues": 1, b"own": 1, b"endless": 1},
        {b"queues": 2, b"endless": 2},
        {b"endless": 3},
        {b"endless": 4},
    ]
    deleted = await call("Delete", queue_name=b"q", task_name=[b"queues", b"own", b"none", b"endless"])
    assert list(deleted.result) == [Result.TOMBSTONED_TASK] * 3 + [Result.OK]
    assert await call.stats(b"q") == [(0, -1, True)]


async def test_case_16_and_18_deletions(call: Calls, make_queue: Any, store: Any) -> None:
    await make_queue()
    dead = await make_queue("dead")
    await store.queues.delete(dead.name, tombstone_us=1_000_000_000)
    await call.add(*(pull(name) for name in "abc"))
    await call.lease(most=1)
    names = [b"a", b"b", b"unknown", b"c", b"a", b"\xff no name"]
    deleted = await call("Delete", queue_name=b"q", task_name=names)
    ok, unknown, gone = Result.OK, Result.UNKNOWN_TASK, Result.TOMBSTONED_TASK
    assert list(deleted.result) == [ok, ok, unknown, ok, gone, unknown]
    for queue, result in (
        (b"none", Result.UNKNOWN_QUEUE),
        (b"", Result.UNKNOWN_QUEUE),
        (b"dead", Result.TOMBSTONED_QUEUE),
        (b"default", Result.UNKNOWN_TASK),
    ):
        assert list((await call("Delete", queue_name=queue, task_name=[b"a", b"b"])).result) == [result] * 2


async def test_case_27_tags_are_bytes(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    tags = [b"My test Tag", "タグ".encode(), b"\0\1\2\3", b"\xff:", b"x" * 500]
    await call.add(*(pull(f"t{number}", number, tag=tag) for number, tag in enumerate(tags)))
    for number, tag in enumerate(tags):
        (task,) = await call.lease(group_by_tag=True, tag=tag)
        assert (task.task_name, task.tag) == (f"t{number}".encode(), tag)


async def test_case_29_statistics(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    await call.add(*(pull(f"t{number}", clock.now_us - 3 + number) for number in range(3)))
    await call.lease(seconds=10, most=2)
    response = await call("FetchQueueStats", queue_name=[b"q", b"unknown", b"no_name", b"q"])
    assert await call.stats(b"q", b"unknown") == [(3, clock.now_us - 1, True), (0, -1, False)]
    first, unknown, malformed, second = response.queuestats
    assert first == second
    assert unknown == malformed
    assert (first.scanner_info.executed_last_minute, first.scanner_info.executed_last_hour) == (2, 2)
    assert not first.scanner_info.HasField("requests_in_flight")
    assert not first.scanner_info.HasField("enforced_rate")


async def test_case_36_the_shortest_lease(call: Calls, make_queue: Any) -> None:
    await make_queue()
    await call.add(pull("a"), pull("b"))
    assert await call.names(seconds=0.001, most=3) == ["a", "b"]


async def test_purged_and_deleted_names_stay_taken(call: Calls, make_queue: Any) -> None:
    """Case 17."""
    await make_queue()
    await call.add(pull("deleted"), pull("purged"))
    await call("Delete", queue_name=b"q", task_name=[b"deleted"])
    await call("PurgeQueue", queue_name=b"q")
    await call("PurgeQueue", queue_name=b"q")
    gone = (Result.TOMBSTONED_TASK, b"")
    assert await call.add(pull("deleted"), pull("purged"), pull("new")) == [gone, gone, (Result.OK, b"")]
    assert await call.names() == ["new"]
    for queue, result in ((b"none", Result.UNKNOWN_QUEUE), (b"", Result.INVALID_QUEUE_NAME)):
        assert (await refusal(call, "PurgeQueue", queue_name=queue))[0] is result


async def test_an_answer_has_at_most_32_mebibytes(call: Calls, make_queue: Any) -> None:
    await make_queue()
    body = b"x" * 1_048_000
    await call.add(*(pull(f"t{number:02}", number, body=body) for number in range(31)))
    await call.add(*(pull(f"u{number:02}", number + 31, body=body) for number in range(4)))
    tasks = await call.lease(most=1000)
    assert len(tasks) == 32 * 1_048_576 // (len(body) + 64)
    assert all(task.body == body for task in tasks)
    assert len(await call.lease(most=1000)) == 35 - len(tasks), "what was not in the answer was not leased"


@pytest.mark.parametrize("limits", [Limits()], ids=["usual limits"])
async def test_case_35_the_cap_answers_no_tasks(call: Calls, clock: Clock, make_queue: Any) -> None:
    await make_queue()
    await call.add(*(pull() for _ in range(100)))
    assert [len(await call.lease(most=1)) for _ in range(40)] == [1] * 10 + [0] * 30
    clock.advance(1.001)
    assert len(await call.lease(most=1)) == 1
