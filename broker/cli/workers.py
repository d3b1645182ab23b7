"""`headrace api --workers N`: the parent of N processes that share the ports of one API node."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from broker.api.envoy.secret import write_certificate
from broker.api.envoy.sockets import Sockets
from broker.cli.certificate import read_certificate
from broker.cli.counts_socket import fetch_counts, told_counts
from broker.cli.envoy_program import find_envoy
from broker.cli.shared_ports import shared_ports
from broker.cli.worker_process import Order, WorkerProcess
from broker.errors import HeadraceError
from broker.metric_sum import MetricSum
from broker.scratch import scratch_directory
from broker.settings import Settings

_ANSWER_WITHIN_S = 2.0


async def serve_workers(settings: Settings) -> None:
    """Runs the workers until it is cancelled; then stops them all, in order. Raises StartupError."""
    with scratch_directory() as scratch, shared_ports(settings) as shared:
        all_counts = scratch.path / "all"
        orders = [Order(shared, scratch.path / str(number), all_counts) for number in range(settings.workers)]
        make = _in_envoy if settings.front == "envoy" else _in_python
        workers = make(orders, scratch.descriptor)
        counts = _Counts(workers)
        async with told_counts(all_counts, counts.read):
            try:
                # One before the others: what is wrong with it is said once.
                addresses = await workers[0].start()
                await asyncio.gather(*(worker.start() for worker in workers[1:]))
                print(f"headrace api ready {addresses}", flush=True)
                await asyncio.gather(*(worker.keep() for worker in workers))
            finally:
                await asyncio.gather(*(worker.stop() for worker in workers))


def _in_python(orders: Sequence[Order], descriptor: int) -> list[WorkerProcess]:
    return [WorkerProcess(order, descriptor) for order in orders]


def _in_envoy(orders: Sequence[Order], descriptor: int) -> list[WorkerProcess]:
    """Workers of which each lives in an Envoy of its own."""
    program, certificate = find_envoy(), read_certificate(orders[0].settings)
    workers = []
    for order in orders:
        sockets = Sockets(order.own_counts.with_name(f"{order.own_counts.name}-envoy"))
        sockets.directory.mkdir()
        if certificate:
            write_certificate(sockets.certificate, certificate)
        command = program.command(order.settings, sockets)
        workers.append(WorkerProcess(replace(order, sockets=sockets), descriptor, command, program.environment))
    return workers


class _Counts:
    """What all workers have counted, those that have ended too."""

    def __init__(self, workers: Sequence[WorkerProcess]) -> None:
        self._workers = workers
        self._sum = MetricSum()
        self._reading = asyncio.Lock()

    async def read(self) -> bytes:
        """Asks every worker. Of one that does not answer, what it said last counts."""
        async with self._reading:
            latest: dict[int, bytes] = {}
            await asyncio.gather(*(self._ask(worker, latest) for worker in self._workers))
            self._sum.update(latest, [worker.pid for worker in self._workers if worker.pid])
            return self._sum.exposition()

    async def _ask(self, worker: WorkerProcess, latest: dict[int, bytes]) -> None:
        pid = worker.pid
        try:
            exposition = await fetch_counts(worker.counts_path, _ANSWER_WITHIN_S)
        except HeadraceError:
            return
        if pid is not None and pid == worker.pid:
            latest[pid] = exposition
