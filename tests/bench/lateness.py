"""Lateness: how long after its schedule time a task's request is at the target, with very many tasks scheduled."""

from tests.bench.filling import HOUR_US, Filling, add_queue, fill, opened
from tests.bench.nodes import dispatchers, redis, until
from tests.bench.report import Report, quantile, quantile_curve
from tests.bench.sink import sink


async def measure(
    report: Report,
    *,
    scheduled: int = 1_000_000,
    rates: tuple[int, ...] = (500, 1500),
    seconds: float = 8,
    lead_s: float = 3,
) -> None:
    """Most are scheduled for the next days; at each of the rates some are due, one every 1 / rate seconds.

    They are created `lead_s` before the first is due.
    """
    curves = {}
    with redis() as server, sink() as target:
        async with opened(server.url) as store:
            queue = await add_queue(store, "scheduled")
            later_us = await store.time_us() + HOUR_US
            await fill(store, queue, Filling("http://127.0.0.1:9/", schedule_us=range(later_us, later_us + scheduled)))
            with dispatchers(server.url):
                for rate in rates:
                    lane, count = f"at-{rate}", round(rate * seconds)
                    first_us = await store.time_us() + round(lead_s * 1e6)
                    moments = (first_us + round(number / rate * 1e6) for number in range(count))
                    await fill(store, queue, Filling(f"{target.url}/{lane}", schedule_us=moments))
                    in_time = await store.time_us() < first_us
                    await until(lambda lane=lane, count=count: _came(target, lane, count))
                    late = target.lateness_ms(lane)
                    budget = {"at_most": 20} if rate == rates[0] else {}
                    among = f"{rate}/s of {scheduled:,} scheduled" + ("" if in_time else " (the first were late)")
                    report.figure(f"lateness, {among}, p50", quantile(late, 0.5), "ms")
                    report.figure(f"lateness, {among}, p99", quantile(late, 0.99), "ms", **budget)
                    report.figure(f"lateness, {among}, longest", late[-1], "ms")
                    curves[f"{rate}/s"] = quantile_curve(late)
    report.plot(
        "lateness",
        f"Arrival after the schedule time, {scheduled:,} tasks scheduled",
        ("percentile", "ms"),
        curves,
        log_x=True,
        log_y=True,
    )


async def _came(target: object, lane: str, count: int) -> bool:
    return target.arrived(lane) >= count
