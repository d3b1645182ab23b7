"""The benchmarks, and sizes at which each shows in a second or two that it runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench import (
    concurrency,
    drain,
    enqueue,
    fairness,
    fronts,
    head_of_line,
    idle,
    latency,
    lateness,
    leases,
    many_queues,
    memory,
    rates,
    scale,
    stages,
    start,
)

Measure = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Benchmark:
    """What measures, and the smallest sizes at which it does."""

    measure: Measure
    tiny: dict[str, Any] = field(default_factory=dict)


SUITE: dict[str, Benchmark] = {
    "drain": Benchmark(drain.measure, {"tasks": 5000, "wrk_s": 1}),
    "enqueue": Benchmark(enqueue.measure, {"seconds": 1, "rounds": 1, "batch": 5}),
    "fronts": Benchmark(fronts.measure, {"seconds": 1, "rounds": 1}),
    "latency": Benchmark(latency.measure, {"seconds": 0.3, "rates": (50,), "warm_up_s": 0}),
    "lateness": Benchmark(lateness.measure, {"scheduled": 300, "rates": (50,), "seconds": 0.5, "lead_s": 0.3}),
    "rates": Benchmark(rates.measure, {"rates": (1, 2000), "seconds": 0.6, "fast_seconds": 0.3, "counts": (1,)}),
    "concurrency": Benchmark(concurrency.measure, {"limits": (2,), "seconds": 0.3, "counts": (1,)}),
    "leases": Benchmark(leases.measure, {"tasks": 60, "batch": 20, "tags": 2, "acknowledged": 20}),
    "memory": Benchmark(memory.measure, {"tasks": 50, "payloads_bytes": (100,)}),
    "idle": Benchmark(idle.measure, {"queues": (5,), "seconds": 0.2, "settles_s": 0.1}),
    "scale": Benchmark(scale.measure, {"sizes": (100, 200), "probes": 50}),
    "many queues": Benchmark(many_queues.measure, {"tasks": 2000, "queues": (1, 20)}),
    "fairness": Benchmark(fairness.measure, {"due": 200, "rate": 20, "seconds": 0.2, "lead_s": 0.3}),
    "head of line": Benchmark(head_of_line.measure, {"queues": 3, "rate": 10, "seconds": 0.2, "lead_s": 0.3}),
    "stages": Benchmark(stages.measure, {"tasks": 4000, "seconds": 1}),
    "start": Benchmark(start.measure, {"runs": 1}),
}
