"""Counts of several processes as one."""

from broker.metric_sum import MetricSum
from broker.metrics import Metrics


async def counted(queue: str, created: int, lateness_s: float = 0.2) -> bytes:
    metrics = Metrics()
    metrics.for_queue(queue).tasks_created.inc(created)
    metrics.for_queue(queue).dispatch_lateness_seconds.observe(lateness_s)
    metrics.queue_tasks.labels(queue).set(7)
    return await metrics.counts()


def lines(total: MetricSum) -> set[str]:
    return {line for line in total.exposition().decode().splitlines() if not line.startswith("#")}


async def test_counters_and_histograms_add_up_by_labels():
    total = MetricSum()
    total.update(
        {1: await counted("a", 2), 2: await counted("a", 3, lateness_s=40), 3: await counted('quoted "\\\n', 1)},
        [1, 2, 3],
    )
    found = lines(total)
    assert 'headrace_tasks_created_total{queue="a"} 5.0' in found
    assert 'headrace_tasks_created_total{queue="quoted \\"\\\\\\n"} 1.0' in found
    assert 'headrace_dispatch_lateness_seconds_bucket{le="0.25",queue="a"} 1.0' in found
    assert 'headrace_dispatch_lateness_seconds_bucket{le="+Inf",queue="a"} 2.0' in found
    assert 'headrace_dispatch_lateness_seconds_sum{queue="a"} 40.2' in found
    assert not any(line.startswith("headrace_queue_tasks") for line in found)


async def test_what_an_ended_process_counted_stays():
    total = MetricSum()
    total.update({1: await counted("a", 2), 2: await counted("a", 3)}, [1, 2])
    total.update({2: await counted("a", 4)}, [2])
    assert 'headrace_tasks_created_total{queue="a"} 6.0' in lines(total)
    total.update({3: await counted("a", 1)}, [3])
    assert 'headrace_tasks_created_total{queue="a"} 7.0' in lines(total)


async def test_a_process_that_does_not_answer_counts_as_it_last_did():
    total = MetricSum()
    total.update({1: await counted("a", 2)}, [1])
    total.update({}, [1])
    assert 'headrace_tasks_created_total{queue="a"} 2.0' in lines(total)
    total.update({1: await counted("a", 3)}, [1])
    assert 'headrace_tasks_created_total{queue="a"} 3.0' in lines(total)


async def test_the_parts_of_an_exposition_make_the_whole():
    metrics = Metrics()
    metrics.for_queue("a").tasks_created.inc()
    metrics.queue_tasks.labels("a").set(7)
    whole = (await metrics.exposition()).decode().splitlines()
    assert sorted((await metrics.gauges() + await metrics.counts()).decode().splitlines()) == sorted(whole)
