"""Fairness: the lateness of a queue with a task now and then, beside a queue in which a million are due."""

from broker.model.names import QueueName
from broker.store.store import Store
from tests.bench.filling import Filling, add_queue, fill, opened, queue_name, resume
from tests.bench.nodes import dispatchers, redis, until
from tests.bench.report import Report, quantile, quantile_curve
from tests.bench.sink import Sink, sink


async def measure(
    report: Report, *, due: int = 1_000_000, rate: int = 20, seconds: float = 10, lead_s: float = 3
) -> None:
    """Two small queues, in the large one's partition and in another, get `rate` tasks a second each."""
    count = round(rate * seconds)
    with redis() as server, sink() as target:
        async with opened(server.url) as store:
            large = await add_queue(store, "large", paused=True)
            await fill(store, large, Filling(f"{target.url}/large", schedule_us=[None] * due))
            small = {"same": await _queue_beside(store, large, same=True)}
            small["another"] = await _queue_beside(store, large, same=False)
            with dispatchers(server.url):
                await resume(store, large)
                first_us = await store.time_us() + round(lead_s * 1e6)
                moments = [first_us + round(number / rate * 1e6) for number in range(count)]
                for where, queue in small.items():
                    await fill(store, queue, Filling(f"{target.url}/{where}", schedule_us=moments))
                before, begun_us = target.arrived("large"), await store.time_us()
                await until(lambda: _came(target, count))
                served, took_us = target.arrived("large") - before, await store.time_us() - begun_us
        late = {where: target.lateness_ms(where) for where in small}
    report.figure(f"tasks of the queue with {due:,} due", served / took_us * 1e6, "tasks/s")
    for where, values in late.items():
        report.figure(f"lateness of a small queue, {where} partition, p50", quantile(values, 0.5), "ms")
        report.figure(f"lateness of a small queue, {where} partition, p99", quantile(values, 0.99), "ms")
    curves = {f"{where} partition": quantile_curve(values) for where, values in late.items()}
    title = f"Lateness of a small queue beside one with {due:,} tasks due"
    report.plot("fairness", title, ("percentile", "ms"), curves, log_x=True, log_y=True)


async def _queue_beside(store: Store, other: QueueName, *, same: bool) -> QueueName:
    """A queue in the other one's partition, or not."""
    partition_of = store.backend.keys.partition_of
    names = (f"small-{number}" for number in range(100_000))
    queue_id = next(name for name in names if (partition_of(queue_name(name)) == partition_of(other)) is same)
    return await add_queue(store, queue_id)


async def _came(target: Sink, count: int) -> bool:
    counts = target.counts()
    return all(counts.get(where, (0, 0))[0] >= count for where in ("same", "another"))
