"""Head of line: 100 queues, each with a host of its own, first all well, then one host swallows every packet.

Its queue has so many tasks due that it gets hold of all that the dispatcher may give to one queue.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from broker.model.names import QueueName
from broker.store.store import Store
from tests.bench.filling import Filling, add_queue, fill, opened
from tests.bench.nodes import dispatchers, redis, until
from tests.bench.report import Report, quantile, quantile_curve
from tests.bench.sink import Mark, Sink, sink
from tests.support.nodes import metric

_FILLS_A_BACKLOG = 4


async def measure(
    report: Report, *, queues: int = 100, rate: int = 10, seconds: float = 8, lead_s: float = 3, backlog: int = 5000
) -> None:
    """Each queue has a task every 1 / rate seconds, the hole's a backlog besides, which is tried again and again."""
    hosts = [f"127.0.1.{number + 1}" for number in range(queues - 1)]
    late: dict[str, list[float]] = {}
    rates: dict[str, float] = {}
    held: dict[str, float] = {}
    with redis() as server, sink(*hosts) as target, black_hole() as hole:
        async with opened(server.url) as store:
            names = [await add_queue(store, f"q{number}") for number in range(queues)]
            with dispatchers(server.url) as (dispatcher,):
                for what in ("all hosts well", "one host black-holed"):
                    urls = [f"http://{host}:{target.port}/{what[:3]}" for host in hosts]
                    urls += [hole if late else f"{target.url}/{what[:3]}"]
                    count = round(rate * seconds)
                    if late:
                        await fill(store, names[-1], Filling(hole, schedule_us=[None] * backlog))
                    await _plan(store, names, urls, rate, count, lead_s)
                    expected = count * (queues - (1 if late else 0))
                    await until(lambda lane=what[:3], expected=expected: _came(target, lane, expected))
                    late[what], rates[what] = target.lateness_ms(what[:3]), _rate(target.marks(what[:3]))
                    held[what] = metric(dispatcher, "headrace_dispatcher_in_flight")
    for what, values in late.items():
        others = "99 others" if what != "all hosts well" and queues == 100 else "queues"
        report.figure(f"attempts in the dispatcher's hands at the end, {what}", held[what], "attempts")
        planned = rate * (queues - (what != "all hosts well"))
        report.figure(
            f"dispatches of the {others}, {what}", rates[what], "tasks/s", limit="planned", limit_value=planned
        )
        report.figure(f"lateness of the {others}, {what}, p50", quantile(values, 0.5), "ms")
        report.figure(f"lateness of the {others}, {what}, p99", quantile(values, 0.99), "ms")
        report.figure(f"lateness of the {others}, {what}, longest", values[-1], "ms")
    curves = {what: quantile_curve(values) for what, values in late.items()}
    title = f"Lateness of queues with {queues} hosts"
    report.plot("head_of_line", title, ("percentile", "ms"), curves, log_x=True, log_y=True)


async def _plan(
    store: Store, names: Sequence[QueueName], urls: Sequence[str], rate: int, count: int, lead_s: float
) -> None:
    """Tasks for all queues, spread over time: none at the same moment as another."""
    first_us = await store.time_us() + round(lead_s * 1e6)
    for place, (name, url) in enumerate(zip(names, urls, strict=True)):
        shift_us = round(place / len(names) / rate * 1e6)
        moments = [first_us + shift_us + round(number / rate * 1e6) for number in range(count)]
        await fill(store, name, Filling(url, schedule_us=moments))


def _rate(marks: Sequence[Mark]) -> float:
    """Requests a second, from the first to the last."""
    came_us = [mark.came_us for mark in marks]
    return (len(came_us) - 1) / max(1, max(came_us) - min(came_us)) * 1e6


async def _came(target: Sink, lane: str, count: int) -> bool:
    return target.arrived(lane) >= count


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a host whose connections are never established: nobody takes from its full backlog."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.2.1", 0))
        listener.listen(0)
        for _ in range(_FILLS_A_BACKLOG):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.2.1:{listener.getsockname()[1]}/"
