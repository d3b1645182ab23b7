"""Metrics: their names, how many queues they tell apart, and their text."""

import asyncio
import re

from prometheus_client import generate_latest

from broker.metrics import Metrics


async def samples(metrics: Metrics) -> set[str]:
    lines = (await metrics.exposition()).decode().splitlines()
    return {line for line in lines if not line.startswith("#") and not line.endswith(" 0.0")}


async def test_one_queue_is_counted_under_its_name():
    metrics = Metrics()
    queue = metrics.for_queue("projects/p/locations/l/queues/q")
    queue.tasks_created.inc()
    queue.response("5xx")
    queue.response("5xx")
    queue.retry("timeout")
    label = 'queue="projects/p/locations/l/queues/q"'
    assert await samples(metrics) == {
        f"headrace_tasks_created_total{{{label}}} 1.0",
        f'headrace_responses_total{{class="5xx",{label}}} 2.0',
        f'headrace_retries_total{{{label},reason="timeout"}} 1.0',
    }


async def test_a_histogram_of_a_queue_is_shown_once_it_has_counted():
    """An API node creates tasks of queues whose attempts dispatchers make: thirty lines each would tell nothing."""
    metrics = Metrics()
    metrics.for_queue("created").tasks_created.inc()
    metrics.for_queue("sent").attempt_seconds.observe(0.2)
    text = (await metrics.exposition()).decode()
    assert "# TYPE headrace_attempt_seconds histogram" in text
    assert 'headrace_attempt_seconds_count{queue="sent"} 1.0' in text
    assert not re.search(r"headrace_(attempt|dispatch_lateness)_seconds_\w+{[^}]*created", text)


async def test_queues_beyond_the_bound_share_a_label():
    metrics = Metrics(queue_labels=2)
    for name in ("a", "b", "c", "d", "a"):
        metrics.for_queue(name).dispatches.inc()
    assert await samples(metrics) == {
        'headrace_dispatches_total{queue="a"} 2.0',
        'headrace_dispatches_total{queue="b"} 1.0',
        'headrace_dispatches_total{queue="other"} 2.0',
    }
    assert metrics.for_queue("c") is metrics.for_queue("d")


async def test_depths_replace_those_before_and_stay_within_the_bound():
    metrics = Metrics(queue_labels=2)
    metrics.set_depths([("gone", 5, 0, 1.0, 9.0)])
    metrics.set_depths([("b", 3, 1, 500.0, 0.5), ("c", 4, 2, 1.5, 7.0), ("d", 6, 0, 2.5, 2.0)])
    assert await samples(metrics) == {
        'headrace_queue_tasks{queue="b"} 3.0',
        'headrace_in_flight{queue="b"} 1.0',
        'headrace_queue_tasks{queue="other"} 10.0',
        'headrace_in_flight{queue="other"} 2.0',
        'headrace_queue_rate{queue="b"} 500.0',
        'headrace_queue_rate{queue="other"} 4.0',
        'headrace_queue_overdue_seconds{queue="b"} 0.5',
        'headrace_queue_overdue_seconds{queue="other"} 7.0',
    }


async def test_every_name_has_the_prefix_and_a_help_text():
    described = re.findall(r"^# HELP (\S+) (.*)$", (await Metrics().exposition()).decode(), re.MULTILINE)
    assert len(described) > 10
    assert all(name.startswith("headrace_") and text.endswith(".") for name, text in described)


async def test_the_text_of_many_queues_is_made_between_other_things():
    """All at once it would take as long as some thousand dispatches."""
    metrics = Metrics()
    for number in range(100):
        metrics.for_queue(f"q{number}").attempt_seconds.observe(number)
        metrics.queue_tasks.labels(f"q{number}").set(number)
    making = asyncio.create_task(metrics.exposition())
    turns = 0
    while not making.done():
        await asyncio.sleep(0)
        turns += 1
        metrics.for_queue(f"new{turns}").dispatches.inc()
    assert turns > 30
    assert (await metrics.exposition()).splitlines() == generate_latest_once(metrics)


def generate_latest_once(metrics: Metrics) -> list[bytes]:
    """The text made at once, without the descriptions that its parts repeat."""
    lines = generate_latest(metrics.registry).splitlines()
    return [line for number, line in enumerate(lines) if not line.startswith(b"#") or line not in lines[:number]]
