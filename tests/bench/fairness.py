"""Fairness: the lateness of a queue with a task now and then, beside a queue in which a million are due."""

from collections.abc import Iterable
from contextlib import AsyncExitStack

from broker.model.names import QueueName
from broker.store.store import Store
from tests.bench.filling import Filling, add_queue, fill, opened, queue_name, resume
from tests.bench.nodes import dispatchers, redis, until
from tests.bench.report import Report, quantile, quantile_curve
from tests.bench.sink import Sink, sink

_SAME, _ANOTHER, _SHARED = "same partition", "another partition", "another partition, the large one's target"


async def measure(
    report: Report, *, due: int = 1_000_000, rate: int = 20, seconds: float = 10, lead_s: float = 3
) -> None:
    """Small queues get `rate` tasks a second each: in the large one's partition, in another, and for its target.

    Nothing limits the large queue, so its target has all the requests at once that the dispatcher may send for it. Only
    the last of the small queues has to wait for that target; the others tell what the dispatcher makes tasks wait.
    """
    count = round(rate * seconds)
    with redis() as server, sink() as target, sink() as own:
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(opened(server.url))
            large = await add_queue(store, "large", paused=True)
            await fill(store, large, Filling(f"{target.url}/large", schedule_us=[None] * due))
            small = {
                _SAME: (await _queue_beside(store, large, "same", same=True), own),
                _ANOTHER: (await _queue_beside(store, large, "another", same=False), own),
                _SHARED: (await _queue_beside(store, large, "shared", same=False), target),
            }
            stack.enter_context(dispatchers(server.url))
            await resume(store, large)
            first_us = await store.time_us() + round(lead_s * 1e6)
            moments = [first_us + round(number / rate * 1e6) for number in range(count)]
            for queue, sent_to in small.values():
                await fill(store, queue, Filling(f"{sent_to.url}/{queue.queue_id}", schedule_us=moments))
            before, begun_us = target.arrived("large"), await store.time_us()
            await until(lambda: _came(small.values(), count))
            served, took_us = target.arrived("large") - before, await store.time_us() - begun_us
        late = {where: sent_to.lateness_ms(queue.queue_id) for where, (queue, sent_to) in small.items()}
    report.figure(f"tasks of the queue with {due:,} due", served / took_us * 1e6, "tasks/s")
    for where, values in late.items():
        report.figure(f"lateness of a small queue, {where}, p50", quantile(values, 0.5), "ms")
        report.figure(f"lateness of a small queue, {where}, p99", quantile(values, 0.99), "ms")
    curves = {where: quantile_curve(values) for where, values in late.items()}
    title = f"Lateness of a small queue beside one with {due:,} tasks due"
    report.plot("fairness", title, ("percentile", "ms"), curves, log_x=True, log_y=True)


async def _queue_beside(store: Store, other: QueueName, prefix: str, *, same: bool) -> QueueName:
    """A queue in the other one's partition, or not."""
    partition_of = store.backend.keys.partition_of
    names = (f"{prefix}-{number}" for number in range(100_000))
    queue_id = next(name for name in names if (partition_of(queue_name(name)) == partition_of(other)) is same)
    return await add_queue(store, queue_id)


async def _came(small: Iterable[tuple[QueueName, Sink]], count: int) -> bool:
    return all(sent_to.arrived(queue.queue_id) >= count for queue, sent_to in small)
