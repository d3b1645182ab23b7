"""CreateTask over gRPC with Envoy in front and without, in turn with a grpc.aio handler that does nothing."""

from contextlib import ExitStack
from statistics import median

from google.cloud.tasks_v2 import CreateTaskRequest, Task

from broker.cli.envoy_program import find_envoy
from broker.errors import StartupError
from tests.bench.children import module
from tests.bench.filling import add_queue, opened
from tests.bench.h2load import grpc_calls
from tests.bench.idle_grpc import METHOD
from tests.bench.machine import Missing, cpu_s
from tests.bench.nodes import api, redis
from tests.bench.report import Report
from tests.support.processes import descendants
from tests.support.servers import Server

_URL = "http://127.0.0.1:9/"
_LIMIT = "a grpc.aio handler that does nothing"
_FRONTS = {"grpcio": None, "envoy": 2.0}
"""What serves the calls, and at least how many times the limit it must reach."""


async def measure(report: Report, *, seconds: float = 3, rounds: int = 3, body_bytes: int = 300) -> None:
    """64 calls are open at once, made by h2load; the median of the rounds counts. Raises Missing."""
    require_envoy()
    with redis() as server, ExitStack() as stack:
        request = await _request(server, body_bytes)
        process, idle = stack.enter_context(module("idle_grpc"))
        nodes = {front: stack.enter_context(api(server.url, "--front", front)) for front in _FRONTS}
        measured = {"": _Measured(process.pid, f"127.0.0.1:{idle['port']}")}
        measured |= {front: _Measured(node.pid, node.grpc) for front, node in nodes.items()}
        for _ in range(rounds):
            for one in measured.values():
                one.measure(request, seconds)
    limit = measured.pop("")
    report.figure(f"CPU of a call, {_LIMIT}", median(limit.costs_us), "us")
    for front, one in measured.items():
        more = {"limit": _LIMIT, "limit_value": median(limit.rates), "at_least": _FRONTS[front]}
        report.figure(f"CreateTask over gRPC, {front} in front", median(one.rates), "calls/s", **more)
        report.figure(f"CPU of a call, {front} in front", median(one.costs_us), "us")


def require_envoy() -> None:
    """Raises Missing if there is no Envoy."""
    try:
        find_envoy()
    except StartupError as error:
        raise Missing(str(error)) from error


class _Measured:
    """A server that is called now and then."""

    def __init__(self, pid: int, address: str) -> None:
        self._pid, self._address = pid, address
        self.rates: list[float] = []
        self.costs_us: list[float] = []

    def measure(self, request: bytes, seconds: float) -> None:
        """One round. What the calls before the measured time cost is little."""
        used_s = self._used_s()
        rate = grpc_calls(self._address, METHOD, request, seconds)
        self.rates.append(rate)
        self.costs_us.append((self._used_s() - used_s) * 1e6 / (rate * seconds))

    def _used_s(self) -> float:
        return sum(map(cpu_s, {self._pid} | descendants(self._pid)))


async def _request(server: Server, body_bytes: int) -> bytes:
    async with opened(server.url) as store:
        queue = await add_queue(store, "filled", paused=True)
    task = Task(http_request={"url": _URL, "body": b"x" * body_bytes})
    request: bytes = CreateTaskRequest.serialize(CreateTaskRequest(parent=str(queue), task=task))
    return request
