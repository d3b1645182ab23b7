"""An emulator of the same protocol at the job. It keeps tasks in memory, so one process lives through all of it."""

import asyncio
import time

import grpc
from google.cloud.tasks_v2 import CreateTaskRequest, PauseQueueRequest, ResumeQueueRequest, Task

from tests.bench.idle_grpc import METHOD
from tests.bench.nginx import nginx
from tests.bench.peers.catalogue import Peer
from tests.bench.peers.installing import install, versions
from tests.bench.peers.job import Failed, Row, delivered_per_s, workers
from tests.support.servers import free_port

_AT_ONCE = 64
_READY_WITHIN_S = 30.0
_QUEUE = "projects/p/locations/l/queues/peer"

EMULATOR = Peer(
    "emulator",
    "gcloud-tasks-emulator",
    ("gcloud-tasks-emulator",),
    ("gcloud-tasks-emulator", "grpcio"),
    ("PYTHON", "-m", "gcloud_tasks_emulator", "start", "--quiet", "--port", "PORT", "--default-queue", _QUEUE),
    f"in memory: nothing survives a restart; {_AT_ONCE} CreateTask calls at once; nothing to tune: "
    "one request at a time for a queue, each on a connection of its own",
)


async def measure(tasks: int) -> list[Row]:
    """Its row. Raises Missing, Failed."""
    install(EMULATOR)
    port = free_port()
    with nginx() as sink, workers(EMULATOR, {}, PORT=str(port)) as log:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                await asyncio.wait_for(channel.channel_ready(), _READY_WITHIN_S)
            except TimeoutError as error:
                raise Failed(log.read_text()[-500:]) from error
            await _call(channel, "PauseQueue", PauseQueueRequest.serialize(PauseQueueRequest(name=_QUEUE)))
            added = await _enqueue(channel, sink.url, tasks)
            before = sink.arrived()
            await _call(channel, "ResumeQueue", ResumeQueueRequest.serialize(ResumeQueueRequest(name=_QUEUE)))
            drained = await asyncio.to_thread(delivered_per_s, sink, before, tasks, log)
    return [Row(EMULATOR.name, versions(EMULATOR), EMULATOR.chosen, added, drained)]


async def _enqueue(channel: grpc.aio.Channel, url: str, tasks: int) -> float:
    task = Task(http_request={"url": url, "body": b"x" * 200})
    message = CreateTaskRequest.serialize(CreateTaskRequest(parent=_QUEUE, task=task))
    numbers = iter(range(tasks))

    async def caller() -> None:
        for _ in numbers:
            await _call(channel, "CreateTask", message)

    begun_s = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(_AT_ONCE)))
    return tasks / (time.perf_counter() - begun_s)


async def _call(channel: grpc.aio.Channel, method: str, message: bytes) -> None:
    await channel.unary_unary(METHOD.replace("CreateTask", method))(message)
