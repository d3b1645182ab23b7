"""The arithmetic of capacity, against numbers worked out by hand."""

from dataclasses import replace

import pytest

from broker.model.capacity import Cost, Costs, Load, plan
from broker.model.limits import Limits

COSTS = Costs(
    api_grpc=Cost(200, 10),
    api_rest=Cost(400, 10),
    dispatcher=Cost(100, 50),
    redis_create=Cost(20, 0),
    redis_attempt=Cost(30, 5),
    record_bytes=400,
)
LOAD = Load(rate=1000, payload_bytes=2000, retries=0.5, target_s=2, backlog_s=100, headroom=0.5, shard_bytes=10**9)


def test_everything_by_hand():
    needed = plan(LOAD, COSTS)
    assert needed.api_cores == pytest.approx(1000 * 220e-6)
    assert needed.dispatcher_cores == pytest.approx(1500 * 200e-6)
    assert needed.redis_cores == pytest.approx(1000 * 20e-6 + 1500 * 40e-6)
    assert needed.memory_bytes == (1000 * 100 + 1500 * 2) * 2400
    assert needed.wire_bits == 1500 * 16_000
    assert needed.api_nodes == 1 + 1
    assert needed.dispatchers == 6 + 1, "3,000 open requests need more than 0.3 cores do"
    assert needed.shards == 1
    assert needed.queues == 2, "a queue has at most 500 tasks a second"


@pytest.mark.parametrize(
    ("changed", "attribute", "count"),
    [
        ({"rate": 10_000}, "api_nodes", 5 + 1),
        ({"rate": 10_000, "rest": True}, "api_nodes", 9 + 1),
        ({"rate": 10_000, "target_s": 0.001}, "dispatchers", 6 + 1),
        ({"max_in_flight": 3000}, "dispatchers", 2 + 1),
        ({"rate": 10_000, "backlog_s": 0}, "shards", 2),
        ({"backlog_s": 1000}, "shards", 5),
        ({"rate": 1}, "queues", 1),
    ],
)
def test_what_decides(changed, attribute, count):
    assert getattr(plan(replace(LOAD, **changed), COSTS), attribute) == count


def test_a_queue_is_no_faster_than_its_shard():
    fast = Limits(max_dispatches_per_second=1_000_000)
    assert plan(replace(LOAD, rate=100_000), COSTS, fast).queues == 16, "80 us a task, half a core: 6,250 a second"


def test_more_load_never_needs_less():
    before = plan(replace(LOAD, rate=1), COSTS)
    for rate in (10, 1e3, 1e5, 1e6):
        after = plan(replace(LOAD, rate=rate), COSTS)
        for name in ("api_nodes", "dispatchers", "shards", "queues", "memory_bytes"):
            assert getattr(after, name) >= getattr(before, name)
        before = after
