"""What is settled when a queue is created: type, lifetimes of tasks and tombstones (2.1, 2.11, 3.6)."""

import pytest

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineRouting
from broker.service.drafts import HttpTargetDraft, QueueDraft
from broker.service.queue_rules import changed_queue, new_queue

NAME = QueueName("p", "l", "q")
LIMITS = Limits()
SECOND = 1_000_000
DAY = 86_400 * SECOND


def made(*mask, limits=LIMITS, **fields):
    draft = QueueDraft(**fields)
    return changed_queue(new_queue(NAME, draft, mask, limits), draft, mask, limits)


def changed(*mask, **fields):
    return changed_queue(Queue(NAME), QueueDraft(**fields), mask, LIMITS)


def refusal(call, *mask, **fields):
    with pytest.raises(HeadraceError) as refused:
        call(*mask, **fields)
    return refused.value.code, refused.value.message


def test_the_defaults_are_the_limits():
    queue = made(limits=Limits(task_ttl_s=864_001, task_tombstone_s=0))
    assert (queue.kind, queue.task_ttl_us, queue.tombstone_ttl_us) == (QueueKind.PUSH, 864_001 * SECOND, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_ttl_us", 10 * DAY),
        ("task_ttl_us", 3650 * DAY),
        ("tombstone_ttl_us", 3600 * SECOND),
        ("tombstone_ttl_us", 9 * DAY),
        ("kind", QueueKind.PUSH),
    ],
)
@pytest.mark.parametrize("mask", [(), ("task_ttl", "tombstone_ttl", "type")])
def test_what_is_given_at_creation_holds(field, value, mask):
    assert getattr(made(*mask, **{field: value}), field) == value


def test_a_mask_selects_at_creation_too():
    queue = made("task_ttl", task_ttl_us=10 * DAY, tombstone_ttl_us=9 * DAY)
    assert (queue.task_ttl_us, queue.tombstone_ttl_us) == (10 * DAY, 3600 * SECOND)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("task_ttl_us", 10 * DAY - 1, "Queue.taskTtl must be between [864000s, 315360000s]."),
        ("task_ttl_us", 3650 * DAY + 1, "Queue.taskTtl must be between [864000s, 315360000s]."),
        ("tombstone_ttl_us", 0, "Queue.tombstoneTtl must be between [3600s, 777600s]."),
        ("tombstone_ttl_us", 9 * DAY + 1, "Queue.tombstoneTtl must be between [3600s, 777600s]."),
        ("max_burst_size", 501, "Maximum bucket size is 500."),
        ("max_burst_size", -1, "RateLimits.maxBurstSize cannot be negative."),
    ],
)
def test_what_is_out_of_range_is_refused(field, value, text):
    assert refusal(made, **{field: value}) == (Code.INVALID_ARGUMENT, text)


@pytest.mark.parametrize("mask", [(), ("type",)])
def test_a_queue_keeps_its_kind(mask):
    text = "Queue.type can only be set when the queue is created."
    assert refusal(changed, *mask, kind=QueueKind.PULL) == (Code.INVALID_ARGUMENT, text)
    assert changed("rate_limits", kind=QueueKind.PULL).kind is QueueKind.PUSH, "the mask does not select it"


@pytest.mark.parametrize("mask", [(), ("type",), ("type", "rate_limits", "retry_config.min_backoff")])
def test_of_a_pull_queue_only_the_number_of_attempts_is_settable(mask):
    queue = made(*mask, kind=QueueKind.PULL, max_dispatches_per_second=5, max_burst_size=-3, min_backoff_us=-1)
    assert (queue.kind, queue.rate_limits) == (QueueKind.PULL, RateLimits(500, 100, -1))
    assert queue.retry_config == RetryConfig(max_attempts=-1)


@pytest.mark.parametrize(
    ("given", "expected"), [({"max_attempts": 3}, 3), ({"max_attempts": -1}, -1), ({"max_attempts": 0}, -1), ({}, -1)]
)
def test_the_attempts_of_a_pull_queue(given, expected):
    queue = made(kind=QueueKind.PULL, max_attempts=7)
    assert queue.retry_config.max_attempts == 7
    changed_one = changed_queue(queue, QueueDraft(**given), ("retry_config.max_attempts",), LIMITS)
    assert changed_one.retry_config.max_attempts == expected
    assert changed_queue(queue, QueueDraft(**given), ("rate_limits",), LIMITS) == queue


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"http_target": HttpTargetDraft(host="h")}, "httpTarget"),
        ({"app_engine_routing": AppEngineRouting("s")}, "appEngineRoutingOverride"),
    ],
)
def test_a_pull_queue_has_no_target(fields, name):
    text = f"Queue.{name} cannot be set for a pull queue."
    assert refusal(made, kind=QueueKind.PULL, **fields) == (Code.INVALID_ARGUMENT, text)
    made("type", kind=QueueKind.PULL, **fields)


@pytest.mark.parametrize(
    ("mask", "field", "value", "name"),
    [
        ("task_ttl", "task_ttl_us", 10 * DAY, "Queue.taskTtl"),
        ("tombstone_ttl", "tombstone_ttl_us", 9 * DAY, "Queue.tombstoneTtl"),
        ("*", "task_ttl_us", 10 * DAY, "Queue.taskTtl"),
    ],
)
def test_a_mask_cannot_change_it_later(mask, field, value, name):
    text = f"{name} can only be set when the queue is created."
    assert refusal(changed, mask, **{field: value}) == (Code.INVALID_ARGUMENT, text)


@pytest.mark.parametrize("mask", [(), ("task_ttl",), ("type",), ("rate_limits",)])
def test_the_same_again_or_nothing_changes_nothing(mask):
    assert changed(*mask) == Queue(NAME)
    assert changed(*mask, kind=QueueKind.PUSH, task_ttl_us=31 * DAY) == Queue(NAME)


def test_an_update_without_a_mask_keeps_it():
    assert changed(task_ttl_us=10 * DAY).task_ttl_us == 31 * DAY
