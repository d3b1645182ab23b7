"""Memory: what Redis needs for a task beyond its payload, the body."""

from tests.bench.filling import HOUR_US, Filling, add_queue, fill, opened
from tests.bench.nodes import redis
from tests.bench.report import Report


async def measure(report: Report, *, tasks: int = 50_000, payloads_bytes: tuple[int, ...] = (100, 300, 2000)) -> None:
    """Tasks with a short URL, without headers, scheduled for later."""
    for payload_bytes in payloads_bytes:
        with redis() as server:
            async with opened(server.url) as store:
                queue = await add_queue(store, "kept")
                empty = server.client.info("memory")["used_memory"]
                later_us = await store.time_us() + HOUR_US
                schedule = range(later_us, later_us + tasks)
                await fill(store, queue, Filling("http://127.0.0.1:80/", b"x" * payload_bytes, schedule_us=schedule))
            used = server.client.info("memory")["used_memory"] - empty
            each = used / tasks - payload_bytes
            report.figure(f"memory of a task beyond a payload of {payload_bytes} B", each, "B", at_most=370)
