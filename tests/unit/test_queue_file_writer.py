"""Entries -> YAML -> entries: whatever a queue is, its entry survives being written and read."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Acl, Queue, QueueKind, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import AppEngineRouting
from broker.service.queue_file.entry import entry_of
from broker.service.queue_file.grammar import read_queue_file
from broker.service.queue_file.writer import write_yaml

_YEAR_US = 365 * 86_400 * 1_000_000
_backoffs = st.tuples(st.integers(0, _YEAR_US), st.integers(0, _YEAR_US)).map(sorted)

_addresses = st.lists(st.sampled_from(["a@example.com", "no", "ö@example.com"]), unique=True).map(tuple)


@st.composite
def queues(draw) -> Queue:
    smallest, largest = draw(_backoffs)
    return Queue(
        QueueName("p", "l", draw(st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True))),
        rate_limits=RateLimits(
            draw(st.floats(1e-9, 500, exclude_min=True)), draw(st.integers(1, 500)), draw(st.integers(1, 5000))
        ),
        retry_config=RetryConfig(
            draw(st.just(-1) | st.integers(1, 2**31 - 1)),
            draw(st.integers(0, _YEAR_US)),
            smallest,
            largest,
            draw(st.integers(0, 2**31 - 1)),
        ),
        state=draw(st.sampled_from(QueueState)),
        app_engine_routing=draw(
            st.none() | st.builds(AppEngineRouting, st.sampled_from(["", "a", "1"]), st.sampled_from(["", "v-2", "on"]))
        ),
        acl=draw(st.builds(Acl, _addresses, _addresses)),
    )


@given(st.lists(queues(), max_size=3, unique_by=lambda queue: queue.name))
def test_what_is_written_reads_as_the_same_entries(written):
    file = read_queue_file(write_yaml(written).encode(), Limits())
    assert file.entries == tuple(map(entry_of, written))


def test_it_is_yaml_that_other_readers_understand():
    queue = Queue(QueueName("p", "l", "off"), rate_limits=RateLimits(0.00001, 5, 3), retry_config=RetryConfig(3))
    assert yaml.safe_load(write_yaml([queue])) == {
        "queue": [
            {
                "name": "off",
                "rate": "0.00001/s",
                "bucket_size": 5,
                "max_concurrent_requests": 3,
                "retry_parameters": {
                    "task_retry_limit": 2,
                    "min_backoff_seconds": 0.1,
                    "max_backoff_seconds": 3600,
                    "max_doublings": 16,
                },
            }
        ]
    }


@pytest.mark.parametrize("state", [QueueState.PAUSED, QueueState.DISABLED])
def test_queues_that_stand_still_say_so_and_keep_their_rate(state):
    queue = Queue(QueueName("p", "l", "q"), state=state, rate_limits=RateLimits(2.0, 5, 3))
    (member,) = yaml.safe_load(write_yaml([queue]))["queue"]
    assert (member["rate"], member["paused"]) == ("2/s", True)


def test_a_pull_queue_is_written_as_one():
    queue = Queue(QueueName("p", "l", "q"), kind=QueueKind.PULL, retry_config=RetryConfig(3))
    assert yaml.safe_load(write_yaml([queue])) == {
        "queue": [{"name": "q", "mode": "pull", "retry_parameters": {"task_retry_limit": 3}}]
    }
    assert "retry_parameters" not in write_yaml([replace(queue, retry_config=RetryConfig(-1))])


def test_a_target_that_the_format_cannot_hold_is_left_out_and_named():
    text = write_yaml([Queue(QueueName("p", "l", "q"), app_engine_routing=AppEngineRouting("UPPER"))])
    assert text.startswith("# q: appEngineRoutingOverride has no place in a queue.yaml")
    assert "target" not in text
