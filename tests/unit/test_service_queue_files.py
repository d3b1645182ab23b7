"""Queue files against a real store: plan, apply, upload, and exports that import to the same state."""

from dataclasses import replace

import pytest

from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import LocationName, QueueName
from broker.model.queue import PULL_RATE_LIMITS, Queue, QueueKind, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.routing import HttpTarget, UriOverride
from broker.model.task import AppEngineRouting
from broker.service import queues
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft
from broker.service.queue_file.plan import Prune
from broker.service.queue_files import apply_plan, export_queues, plan_queue_file, upload_queue_yaml

PARENT = "projects/p/locations/l"
ELSEWHERE = "projects/p/locations/m"
FILE = b"""
queue:
- name: mail
  rate: 5/s
  bucket_size: 40
  max_concurrent_requests: 7
  target: v1.worker
  retry_parameters: {task_retry_limit: 3, task_age_limit: 2d, max_doublings: 0}
- name: held
  rate: 0
"""


@pytest.fixture
def broker(store):
    return Broker(store, Limits(), Metrics())


async def bring_in(broker, content: bytes, parent: str = PARENT) -> None:
    await apply_plan(broker, await plan_queue_file(broker, parent, content, Prune.NONE))


async def stored(broker, parent: str = PARENT) -> dict[str, Queue]:
    page, _ = await broker.store.queues.page(LocationName.parse(parent), page_size=100, after="")
    return {queue.name.queue_id: queue for queue in page}


async def test_a_file_is_applied_and_then_there_is_nothing_left_to_do(broker):
    await bring_in(broker, FILE)
    found = await stored(broker)
    assert found["mail"] == Queue(
        QueueName("p", "l", "mail"),
        rate_limits=RateLimits(5.0, 40, 7),
        retry_config=RetryConfig(4, 172_800_000_000, 100_000, 3_600_000_000, 0),
        app_engine_routing=AppEngineRouting("worker", "v1"),
        task_ttl_us=315_360_000_000_000,
        tombstone_ttl_us=777_600_000_000,
    )
    assert (found["held"].state, found["held"].rate_limits) == (QueueState.PAUSED, RateLimits(500.0, 5, 1000))
    assert (await plan_queue_file(broker, PARENT, FILE, Prune.NONE)).is_empty


async def test_an_update_keeps_the_lifetimes_and_the_routing_of_a_queue_made_by_the_api(broker):
    name = QueueName("p", "l", "mail")
    before = Queue(name, http_target=HttpTarget(UriOverride(host="h.example")), sampling_ratio=0.5)
    await broker.store.queues.create(before, max_queues=10)
    await bring_in(broker, b"queue: [{name: mail, rate: 2/s}]")
    assert (await stored(broker))["mail"] == replace(
        before, rate_limits=RateLimits(2.0, 5, 1000), retry_config=RetryConfig(max_attempts=-1)
    )


async def test_a_plan_that_others_overtook_still_comes_true(broker):
    plan = await plan_queue_file(broker, PARENT, FILE, Prune.NONE)
    await queues.create_queue(broker, PARENT, QueueDraft(name=f"{PARENT}/queues/held", sampling_ratio=0.5))
    await apply_plan(broker, plan)
    held = (await stored(broker))["held"]
    assert (held.state, held.rate_limits.max_burst_size, held.sampling_ratio) == (QueueState.PAUSED, 5, 0.5)
    assert (await plan_queue_file(broker, PARENT, FILE, Prune.NONE)).is_empty


async def test_an_upload_disables_what_it_does_not_list_and_lists_again_what_was_disabled(broker):
    await bring_in(broker, b"queue: [{name: default, rate: 5/s}, {name: a, rate: 1/s}, {name: b, rate: 1/s}]")
    await upload_queue_yaml(broker, PARENT, b"queue: [{name: b, rate: 2/s}]")
    states = {queue_id: queue.state for queue_id, queue in (await stored(broker)).items()}
    assert states == {"default": QueueState.RUNNING, "a": QueueState.DISABLED, "b": QueueState.RUNNING}
    await upload_queue_yaml(broker, PARENT, b"queue: [{name: a, rate: 1/s}]")
    states = {queue_id: queue.state for queue_id, queue in (await stored(broker)).items()}
    assert states == {"default": QueueState.RUNNING, "a": QueueState.RUNNING, "b": QueueState.DISABLED}


async def test_errors_name_their_queue(broker):
    await bring_in(broker, FILE)
    await queues.delete_queue(broker, f"{PARENT}/queues/held")
    with pytest.raises(HeadraceError, match=r'^Queue "held": The queue cannot be created .* too recently') as refused:
        await bring_in(broker, FILE)
    assert refused.value.code is Code.FAILED_PRECONDITION


async def test_one_queue_too_many(broker):
    broker = replace(broker, limits=Limits(queues_per_location=1))
    with pytest.raises(HeadraceError, match=r'^Queue "held": The location already has 1 queues'):
        await bring_in(broker, FILE)


async def test_a_queue_that_vanished_cannot_be_paused(broker):
    await bring_in(broker, FILE)
    plan = await plan_queue_file(broker, PARENT, b"queue: []", Prune.PAUSE)
    await queues.delete_queue(broker, f"{PARENT}/queues/mail")
    with pytest.raises(HeadraceError, match=r'^Queue "mail": Queue does not exist'):
        await apply_plan(broker, plan)


async def test_pull_queues(broker):
    file = b"queue: [{name: jobs, mode: pull, retry_parameters: {task_retry_limit: 2}}]"
    await bring_in(broker, file)
    queue_name = f"{PARENT}/queues/jobs"
    queue = await queues.get_queue(broker, queue_name)
    assert (queue.kind, queue.rate_limits) == (QueueKind.PULL, PULL_RATE_LIMITS)
    assert queue.retry_config == RetryConfig(max_attempts=2)
    assert (await plan_queue_file(broker, PARENT, file, Prune.NONE)).is_empty
    exported = await export_queues(broker, PARENT)
    assert (await plan_queue_file(broker, PARENT, exported.encode(), Prune.NONE)).is_empty
    await bring_in(broker, b"queue: [{name: jobs, mode: pull}]")
    assert (await queues.get_queue(broker, queue_name)).retry_config.max_attempts == -1


@pytest.mark.parametrize(("before", "after"), [("mode: pull", "rate: 1/s"), ("rate: 1/s", "mode: pull")])
async def test_a_queue_keeps_its_mode(broker, before, after):
    await bring_in(broker, b"queue: [{name: jobs, %s}]" % before.encode())
    text = 'The mode of queue "jobs" cannot be changed. Delete the queue first, or use another name.'
    with pytest.raises(HeadraceError, match=text) as refused:
        await bring_in(broker, b"queue: [{name: jobs, %s}]" % after.encode())
    assert refused.value.code is Code.INVALID_ARGUMENT


async def test_an_export_imports_to_the_same_state(broker):
    await bring_in(broker, FILE)
    for queue_id, fields in {
        "api": {},
        "off": {"max_dispatches_per_second": 0.25, "min_backoff_us": 1, "max_attempts": 1},
        "odd": {"max_dispatches_per_second": 123.456789012, "max_retry_duration_us": 1_500_000},
    }.items():
        await queues.create_queue(broker, PARENT, QueueDraft(name=f"{PARENT}/queues/{queue_id}", **fields))
    await queues.pause_queue(broker, f"{PARENT}/queues/off")
    text = (await export_queues(broker, PARENT)).encode()
    assert (await plan_queue_file(broker, PARENT, text, Prune.DISABLE)).is_empty
    await bring_in(broker, text, ELSEWHERE)
    lifetimes = {"task_ttl_us": 0, "tombstone_ttl_us": 0}
    here, there = await stored(broker), await stored(broker, ELSEWHERE)
    assert {name: replace(queue, **lifetimes) for name, queue in here.items()} == {
        name: replace(queue, name=here[name].name, **lifetimes) for name, queue in there.items()
    }
    assert (await export_queues(broker, ELSEWHERE)).encode() == text


async def test_an_export_names_what_it_leaves_out(broker):
    queue = Queue(
        QueueName("p", "l", "q"),
        state=QueueState.DISABLED,
        http_target=HttpTarget(UriOverride(host="h.example")),
        sampling_ratio=0.5,
        app_engine_routing=AppEngineRouting("s", "v", "i"),
    )
    await broker.store.queues.create(queue, max_queues=10)
    text = await export_queues(broker, PARENT)
    notes = [line for line in text.splitlines() if line.startswith("# q: ")]
    assert [note.split()[2] for note in notes] == [
        "httpTarget",
        "stackdriverLoggingConfig.samplingRatio",
        "appEngineRoutingOverride.instance",
        '"paused"',
    ]
    assert (await plan_queue_file(broker, PARENT, text.encode(), Prune.NONE)).is_empty
