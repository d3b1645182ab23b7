"""Measures what one task costs each role in CPU time: the constants of `broker/model/capacity.py`.

    python -m tests.deploy.measure_costs [TASKS]

CPU time, not elapsed time: other work on the machine disturbs it little.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from pathlib import Path

import aiohttp
import grpc
from google.cloud.tasks_v2 import CreateTaskRequest
from google.cloud.tasks_v2 import Task as Message

from tests.support.nodes import begin_api, begin_dispatcher, together
from tests.support.rest import Rest
from tests.support.servers import Server, available_binaries
from tests.support.up import Node
from tests.support.waiting import eventually_async

CALLERS = 64
RATE = 100_000
PAYLOADS_BYTES = (300, 10_000)
TARGET = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def cpu_s(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Sink(asyncio.Protocol):
    """Answers every request; reads no further than the end of each header and the length in it."""

    arrived = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            header = self._buffer[:end].lower()
            length = int(header.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            Sink.arrived += 1
            self._transport.write(TARGET)


async def spread(count: int, one: Callable[[], Awaitable[object]]) -> None:
    """Call `one` so many times, with `CALLERS` calls open."""

    async def caller(share: int) -> None:
        for _ in range(share):
            await one()

    await asyncio.gather(*(caller(count // CALLERS) for _ in range(CALLERS)))


async def measure(count: int, payload_bytes: int, server: Server, api: Node, stack: ExitStack) -> None:
    """One row of figures a step, in microseconds of CPU a task."""
    count -= count % CALLERS
    sink = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    target = f"http://127.0.0.1:{sink.sockets[0].getsockname()[1]}/"
    with closing(Rest(api.http)) as rest:
        queue = rest.create_queue(f"cost-{payload_bytes}", rateLimits={"maxDispatchesPerSecond": RATE})
    body = os.urandom(payload_bytes)

    def used(*pids: int) -> list[float]:
        return [cpu_s(pid) for pid in (*pids, server.process.pid)]

    def show(what: str, before: list[float], after: list[float], tasks: int, role: str) -> None:
        node, redis = ((end - begin) / tasks * 1e6 for begin, end in zip(before, after, strict=True))
        print(f"{what:28} {payload_bytes:>6} B  {role} {node:6.1f} us  redis {redis:5.1f} us", flush=True)

    message = CreateTaskRequest(parent=queue, task=Message(http_request={"url": target, "body": body}))
    wire = CreateTaskRequest.pb(message).SerializeToString()
    async with grpc.aio.insecure_channel(api.grpc) as channel:
        create = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/CreateTask")
        empty = server.client.info("memory")["used_memory"]
        begin = used(api.pid)
        await spread(count, lambda: create(wire))
        show("create over gRPC", begin, used(api.pid), count, "api")
    json = CreateTaskRequest.to_dict(message)
    json = {"task": {"httpRequest": {"url": target, "body": json["task"]["http_request"]["body"]}}}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS)) as session:

        async def post() -> None:
            async with session.post(f"{api.http}/v2/{queue}/tasks", json=json) as answer:
                assert answer.status == 200, await answer.text()

        begin = used(api.pid)
        await spread(count, post)
        show("create over REST", begin, used(api.pid), count, "api")
    memory = server.client.info("memory")["used_memory"]
    each = (memory - empty) / (2 * count) - payload_bytes
    print(f"{'memory beyond the body':28} {payload_bytes:>6} B  {each:.0f} B", flush=True)
    Sink.arrived, begin = 0, [0.0, cpu_s(server.process.pid)]
    (dispatcher,) = together(begin_dispatcher(server.url))
    stack.callback(dispatcher.close)
    begin[0] = cpu_s(dispatcher.pid)

    async def drained() -> bool:
        return Sink.arrived >= 2 * count

    await eventually_async(drained, 300)
    show("attempts", begin, used(dispatcher.pid), 2 * count, "dispatcher")
    dispatcher.close()
    sink.close()


def main() -> None:
    """All figures, on standard output."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    binary = next(iter(available_binaries().values()))
    for payload_bytes in PAYLOADS_BYTES:
        with ExitStack() as stack:
            server = stack.enter_context(closing(Server(binary, "--appendonly", "yes")))
            (api,) = together(begin_api(server.url, "--limit", f"max_dispatches_per_second={RATE}"))
            stack.callback(api.close)
            asyncio.run(measure(count, payload_bytes, server, api, stack))


if __name__ == "__main__":
    main()
