"""Random sequences of calls give the same answers here and at the in-memory service of the original SDK.

The stub departs from production, or from itself, in what follows; these calls are not drawn (specification, section 8):

* It chooses names `task1`, `task2` and loses some in its answers; ours are random. Ties of ETA would be broken
  otherwise, and names that were chosen keep no tombstone here. So all tasks have names.
* It cuts the list before it looks for untagged tasks, and a task over its retry limit uses up a place in the answer.
  So leases that can meet either ask for more tasks than there are.
* A task over its retry limit decides the tag of a lease by the oldest, although it is not leased. Here the first task
  that can be leased does. So the stub drops such tasks before.
* It takes names, tags, bodies and URLs of any form, and leases of any length. A tag that is present and empty is a tag
  to it. So all are well-formed.
* Push tasks with an ETA in the past keep it; here they are due now. So theirs lies ahead.
* It looks at an ETA before it looks for the queue, and at a lease's arguments after it; here it is the other way round.
  So no call is wrong in both.
* Its rates are random numbers, its tombstones last for ever. So rates are not compared, and time moves on by hours.
"""

import itertools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.api.app_engine.messages import MESSAGES
from broker.model.queue import QueueKind, QueueState
from broker.model.retry import RetryConfig
from tests.api.app_engine.calls import REQUESTS, ApplicationError, Calls, pull, push, queue
from tests.support.seeds import SECOND, Clock

_PROGRAM = Path(__file__).parent / "programs" / "stub.py"
_MORE_THAN_THERE_ARE = 1000
_numbers = itertools.count()


class Stub:
    """The SDK's service in a process of its own, by the test's clock."""

    def __init__(self, python: str, clock: Clock) -> None:
        self._process = subprocess.Popen([python, str(_PROGRAM)], stdin=-1, stdout=-1, text=True)
        self._clock = clock

    def command(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([*words, self._clock.now_us]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def call(self, method: str, **fields: Any) -> tuple[str, int]:
        answer, code = self.command(method, MESSAGES[REQUESTS[method]](**fields).SerializeToString().hex())
        return answer, code

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def stub(sdk_python: str, clock: Clock) -> Iterator[Stub]:
    clock.now_us -= clock.now_us % SECOND  # the stub computes with float seconds
    stub = Stub(sdk_python, clock)
    yield stub
    stub.close()


@dataclass
class Both:
    """The node and the stub, with a queue of each kind in both; every call is made of both."""

    runner: Any
    calls: Calls
    stub: Stub
    clock: Clock
    store: Any
    suffix: str = field(default_factory=lambda: str(next(_numbers)))
    etas: dict[str, int] = field(default_factory=dict)

    def make_queues(self) -> None:
        for name, is_pull, limit in (("plain", True, None), ("limited", True, 2), ("push", False, None)):
            kind = QueueKind.PULL if is_pull else QueueKind.PUSH
            config = RetryConfig(max_attempts=-1 if limit is None else limit)
            made = queue(self.name(name), kind=kind, retry_config=config)
            self.runner.run(self.store.queues.create(made, max_queues=10_000))
            self.stub.command("make queue", self.name(name), {"is_pull": is_pull, "retry_limit": limit})

    def name(self, queue_id: str) -> str:
        return f"{queue_id}{self.suffix}"

    def call(self, method: str, **fields: Any) -> Any:
        """The answer of both, which must be the same; None for an error."""
        raw, code = self.stub.call(method, **fields)
        try:
            ours, our_code = self.runner.run(self.calls(method, **fields)), 0
        except ApplicationError as error:
            ours, our_code = None, error.code
        assert our_code == code, (method, fields)
        if ours is None:
            return None
        theirs = type(ours).FromString(bytes.fromhex(raw))
        for answer in (ours, theirs):
            for stats in getattr(answer, "queuestats", ()):
                stats.ClearField("scanner_info")
        assert ours == theirs, (method, fields)
        return ours


_QUEUES = st.sampled_from(["plain", "plain", "plain", "limited", "push", "none"])
_NAMES = st.sampled_from([f"t{number}" for number in range(8)])
_TAGS = st.sampled_from([None, b"a", b"b"])
_SECONDS = st.sampled_from([0, 0.5, 1, 10, 30])
_OWN_LIMITS = st.sampled_from(
    [None, None, {}, {"retry_limit": 0}, {"retry_limit": 1}, {"retry_limit": 1, "age_limit_sec": 9}]
)


@st.composite
def additions(draw: st.DrawFn) -> tuple[Any, ...]:
    """Up to four tasks; now and then one that is not valid or of the wrong mode."""
    queue_id = draw(_QUEUES)
    tasks = []
    for name in draw(st.lists(_NAMES, min_size=1, max_size=4)):
        tasks.append((name, draw(st.integers(-9, 9)), draw(_TAGS), draw(_OWN_LIMITS), draw(st.integers(0, 9)) == 0))
    return "add", queue_id, draw(st.integers(0, 19)) == 0, tasks


def steps() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(
        additions()
        | st.tuples(st.just("lease"), _QUEUES, _SECONDS, st.integers(0, 5), st.booleans(), _TAGS)
        | st.tuples(st.just("modify"), _QUEUES, _NAMES, _SECONDS, st.sampled_from([0, 0, 0, 1]))
        | st.tuples(st.just("delete"), _QUEUES, st.lists(_NAMES, max_size=3))
        | st.tuples(st.just("advance"), st.integers(1, 40))
        | st.tuples(st.just("purge"), _QUEUES, st.integers(0, 3))
        | st.tuples(st.just("pause"), st.sampled_from(["plain", "limited"]), st.booleans()),
        min_size=5,
        max_size=40,
    )


def add(both: Both, queue_id: str, other_mode: bool, tasks: list[Any]) -> None:
    now_us = both.clock.now_us
    is_push = (queue_id == "push") != other_mode
    requests = []
    for name, offset_s, tag, limits, is_bad in tasks:
        own = {} if limits is None or queue_id != "limited" else {"retry_parameters": limits}
        tagged = {} if tag is None or is_push else {"tag": tag}
        eta_us = -1 if is_bad and queue_id != "none" else now_us + (abs(offset_s) if is_push else offset_s) * SECOND
        requests.append((push if is_push else pull)(name, eta_us, queue=both.name(queue_id), **own, **tagged))
    both.call("BulkAdd", add_request=requests)


def lease(both: Both, queue_id: str, seconds: float, most: int, by_tag: bool, tag: bytes | None) -> None:
    if queue_id in ("push", "none"):
        most, by_tag = most + 1, True
    if queue_id == "limited" or by_tag:
        most = min(most, 1) * _MORE_THAN_THERE_ARE
    if queue_id == "limited" and by_tag and tag is None and most:
        both.stub.command("drop exhausted", both.name(queue_id))
    fields = {"queue_name": both.name(queue_id).encode(), "lease_seconds": seconds, "max_tasks": most}
    answer = both.call("QueryAndOwnTasks", **fields, group_by_tag=by_tag, **({} if tag is None else {"tag": tag}))
    for task in answer.task if answer else ():
        both.etas[task.task_name.decode()] = task.eta_usec


def modify(both: Both, queue_id: str, name: str, seconds: float, wrong_by: int) -> None:
    eta_us = both.etas.get(name, both.clock.now_us) + wrong_by
    names = {"queue_name": both.name(queue_id).encode(), "task_name": name.encode()}
    answer = both.call("ModifyTaskLease", **names, eta_usec=eta_us, lease_seconds=seconds)
    if answer:
        both.etas[name] = answer.updated_eta_usec


def delete(both: Both, queue_id: str, names: list[str]) -> None:
    both.call("Delete", queue_name=both.name(queue_id).encode(), task_name=[name.encode() for name in names])


def advance(both: Both, seconds: int) -> None:
    both.clock.advance(seconds)


def purge(both: Both, queue_id: str, unless: int) -> None:
    if not unless:
        both.call("PurgeQueue", queue_name=both.name(queue_id).encode())


def pause(both: Both, queue_id: str, paused: bool) -> None:
    name = queue(both.name(queue_id)).name
    both.runner.run(both.store.queues.set_state(name, QueueState.PAUSED if paused else QueueState.RUNNING))
    both.stub.command("pause", both.name(queue_id), paused)


_STEPS = {function.__name__: function for function in (add, lease, modify, delete, advance, purge, pause)}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.explain})
@given(steps=steps())
def test_the_same_calls_have_the_same_answers(
    runner: Any, call: Calls, stub: Stub, clock: Clock, store: Any, steps: list[tuple[Any, ...]]
) -> None:
    both = Both(runner, call, stub, clock, store)
    both.make_queues()
    for name, *arguments in steps:
        _STEPS[name](both, *arguments)
        queues = [both.name(each).encode() for each in ("plain", "limited", "push", "none")]
        both.call("FetchQueueStats", queue_name=queues)
