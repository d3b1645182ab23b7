"""What applying a file would do, by the present queues: changes, states, words (8.3)."""

from dataclasses import replace

import pytest

from broker.model.limits import Limits
from broker.model.names import LocationName, QueueName
from broker.model.queue import Queue, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.routing import HttpTarget
from broker.model.task import AppEngineRouting
from broker.service.queue_file.grammar import read_queue_file
from broker.service.queue_file.plan import Plan, Prune, make_plan

RUNNING, PAUSED, DISABLED = QueueState.RUNNING, QueueState.PAUSED, QueueState.DISABLED
LOCATION = LocationName("p", "l")
LIMITS = Limits()
FROM_FILE = Queue(
    QueueName("p", "l", "q"),
    rate_limits=RateLimits(5.0, 5, 1000),
    retry_config=RetryConfig(max_attempts=-1),
    task_ttl_us=315_360_000_000_000,
    tombstone_ttl_us=777_600_000_000,
)


def plan(text: str, *present: Queue, prune: Prune = Prune.NONE, limits: Limits = LIMITS) -> Plan:
    return make_plan(LOCATION, read_queue_file(text.encode(), limits), present, prune, limits)


def steps(made: Plan) -> list[str]:
    return str(made).splitlines()[1:]


def named(queue_id: str, state: QueueState = RUNNING) -> Queue:
    return replace(FROM_FILE, name=QueueName("p", "l", queue_id), state=state)


def test_a_new_queue_has_the_lifetimes_that_gcloud_gives_it():
    (change,) = plan("queue: [{name: q, rate: 5/s}]").changes
    assert (change.before, change.after) == (None, FROM_FILE)


def test_a_new_queue_at_rate_0_is_paused_and_has_the_default_rate():
    for limits, rate in ((Limits(), 500.0), (Limits(max_dispatches_per_second=10), 10.0)):
        (change,) = plan("queue: [{name: q, rate: 0}]", limits=limits).changes
        assert (change.after.state, change.after.rate_limits.max_dispatches_per_second) == (PAUSED, rate)


def test_only_changed_settings_are_named():
    text = "queue: [{name: q, rate: 6/s, target: v.s, retry_parameters: {task_retry_limit: 1, task_age_limit: 1h}}]"
    assert steps(plan(text, FROM_FILE)) == [
        "update q: rate 5/s -> 6/s, target unset -> v.s, task_retry_limit unset -> 1, task_age_limit unset -> 3600s"
    ]


@pytest.mark.parametrize("text", ["queue: []", "queue: [{name: q, rate: 5/s}]", "queue: [{name: q, rate: 300/m}]"])
def test_nothing_to_do(text):
    made = plan(text, FROM_FILE)
    assert made.is_empty
    assert str(made) == "projects/p/locations/l: changes 0, queues unchanged 1"


def test_what_a_file_cannot_say_is_kept():
    rich = replace(
        FROM_FILE,
        http_target=HttpTarget(),
        sampling_ratio=0.5,
        app_engine_routing=AppEngineRouting("s", "v", "i"),
        rate_limits=RateLimits(1 / 3, 5, 1000),
    )
    assert plan("queue: [{name: q, rate: 20/m, target: v.s}]", rich).is_empty
    (change,) = plan("queue: [{name: q, rate: 2/s}]", rich).changes
    assert change.after == replace(rich, app_engine_routing=None, rate_limits=RateLimits(2.0, 5, 1000))


def test_rate_0_keeps_the_rate_that_a_queue_has():
    (change,) = plan("queue: [{name: q, rate: 0}]", FROM_FILE).changes
    assert change.after == replace(FROM_FILE, state=PAUSED)
    assert list(change.lines()) == ["pause q"]


@pytest.mark.parametrize(
    ("before", "line", "resume", "step"),
    [
        (RUNNING, "rate: 5/s", "true", None),
        (PAUSED, "rate: 5/s", "true", "resume q"),
        (DISABLED, "rate: 5/s", "true", "resume q"),
        (PAUSED, "rate: 5/s", "false", None),
        (DISABLED, "rate: 5/s", "false", None),
        (RUNNING, "rate: 0", "false", "pause q"),
        (PAUSED, "rate: 0", "true", None),
        (DISABLED, "rate: 0", "true", None),
        (RUNNING, "rate: 5/s, paused: true", "true", "pause q"),
        (PAUSED, "rate: 5/s, paused: true", "true", None),
    ],
)
def test_states_of_listed_queues(before, line, resume, step):
    text = f"resume_paused_queues: {resume}\nqueue: [{{name: q, {line}}}]"
    assert steps(plan(text, replace(FROM_FILE, state=before))) == ([step] if step else [])


@pytest.mark.parametrize(
    ("prune", "expected"),
    [
        (Prune.NONE, []),
        (Prune.PAUSE, ["pause running: not in the file"]),
        (Prune.DISABLE, ["disable running: not in the file", "disable paused: not in the file"]),
    ],
)
def test_unlisted_queues_and_never_the_default_one(prune, expected):
    present = (named("default"), named("running"), named("paused", PAUSED), named("disabled", DISABLED))
    assert steps(plan("queue: []", *present, prune=prune)) == expected


def test_a_listed_default_queue_is_a_queue_like_others():
    assert steps(plan("queue: [{name: default, rate: 0}]", named("default"))) == ["pause default"]
