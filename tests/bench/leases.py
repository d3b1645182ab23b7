"""Leases: workers that lease and delete pull tasks of 1 KB, 1,000 at a time, any and by tag."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
from google.cloud.tasks_v2 import BatchDeleteTasksRequest
from google.cloud.tasks_v2beta2 import LeaseTasksRequest, LeaseTasksResponse
from google.protobuf.duration_pb2 import Duration

from broker.model.tag_filter import AnyTag, Tag, TagFilter
from broker.model.task import View
from broker.store.store import Store
from tests.bench.filling import Filling, add_pull_queue, fill, opened
from tests.bench.nodes import api, redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report, quantile, quantile_curve

_LEASE = "/google.cloud.tasks.v2beta2.CloudTasks/LeaseTasks"
_DELETE = "/google.cloud.tasks.v2.CloudTasks/BatchDeleteTasks"
_LEASE_S = 600
_LARGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Lease = Callable[[], Awaitable[list[str]]]
Delete = Callable[[list[str]], Awaitable[None]]


async def measure(
    report: Report, *, tasks: int = 100_000, batch: int = 1000, body_bytes: int = 1000, tags: int = 10
) -> None:
    """The store alone, without and with a tag, then LeaseTasks and BatchDeleteTasks over gRPC, without a cap."""
    curves: dict[str, list[tuple[float, float]]] = {}
    with redis() as server:
        async with opened(server.url) as store:

            async def work(what: str, lease: Lease, delete: Delete, budget: dict[str, float]) -> None:
                spent, begun_s = RedisCost.now(server), time.perf_counter()
                times_ms, leased = [], 0
                async for took_ms, got in _leases(lease):
                    await delete(got)
                    times_ms.append(took_ms)
                    leased += len(got)
                assert leased == tasks, f"{leased} of {tasks}"
                seconds, spent = time.perf_counter() - begun_s, RedisCost.now(server).since(spent)
                times_ms.sort()
                report.figure(f"lease of {batch} tasks, {what}, p50", quantile(times_ms, 0.5), "ms", **budget)
                report.figure(f"lease of {batch} tasks, {what}, p99", quantile(times_ms, 0.99), "ms")
                report.figure(f"tasks leased and deleted, {what}", leased / seconds, "tasks/s")
                report.figure(f"Redis CPU of a task leased and deleted, {what}", spent.cpu_us / leased, "us")
                curves[what] = quantile_curve(times_ms)

            for what, chosen in (("store, any tag", AnyTag()), (f"store, one of {tags} tags", Tag(b"tag-0"))):
                queue = await _full(store, f"of-{len(curves)}", tasks, body_bytes, chosen, tags)

                async def lease(queue=queue, chosen=chosen) -> list[str]:
                    return await _lease_from_store(store, queue, chosen, batch)

                async def delete(got: list[str], queue=queue) -> None:
                    await store.tasks.delete_many(queue, got)

                await work(what, lease, delete, {"at_most": 8})
            with api(server.url) as node:
                queue = await _full(store, "served", tasks, body_bytes, AnyTag(), tags)
                async with grpc.aio.insecure_channel(node.grpc, options=_LARGE) as channel:
                    await work("gRPC", *_over_grpc(channel, str(queue), batch), {})
    axes = ("percentile", "ms")
    report.plot("leases", f"Lease of {batch} pull tasks of {body_bytes} bytes", axes, curves, log_x=True, log_y=True)


async def _leases(lease: Lease) -> AsyncIterator[tuple[float, list[str]]]:
    """Lease until nothing is left: how long each call took (ms) and what it brought."""
    while True:
        begun_s = time.perf_counter()
        got = await lease()
        if not got:
            return
        yield (time.perf_counter() - begun_s) * 1e3, got


async def _full(store: Store, queue_id: str, tasks: int, body_bytes: int, chosen: TagFilter, tags: int) -> object:
    """A pull queue with so many tasks of the chosen tag, and as many of each other tag (a tenth of them)."""
    queue = await add_pull_queue(store, queue_id)
    body = b"x" * body_bytes
    tag = chosen.tag if isinstance(chosen, Tag) else b""
    await fill(store, queue, Filling(body=body, pull=True, tag=tag, schedule_us=[None] * tasks))
    if tag:
        for number in range(1, tags):
            others = [None] * (tasks // 10)
            await fill(store, queue, Filling(body=body, pull=True, tag=b"tag-%d" % number, schedule_us=others))
    return queue


async def _lease_from_store(store: Store, queue: object, chosen: TagFilter, batch: int) -> list[str]:
    tasks = await store.leases.lease(
        queue,
        max_tasks=batch,
        lease_us=_LEASE_S * 1_000_000,
        tags=chosen,
        view=View.FULL,
        most_bytes=1 << 30,
        cap=0,
        require_running=False,
        deadline_s=60,
    )
    return [task.name.task_id for task in tasks]


def _over_grpc(channel: grpc.aio.Channel, queue: str, batch: int) -> tuple[Lease, Delete]:
    lease_tasks, batch_delete = channel.unary_unary(_LEASE), channel.unary_unary(_DELETE)
    wanted = LeaseTasksRequest(
        parent=queue, max_tasks=batch, lease_duration=Duration(seconds=_LEASE_S), response_view="FULL"
    )
    request = LeaseTasksRequest.pb(wanted).SerializeToString()
    answer_class, delete_class = LeaseTasksResponse.pb(), BatchDeleteTasksRequest.pb()

    async def lease() -> list[str]:
        answer = answer_class.FromString(await lease_tasks(request))
        return [task.name for task in answer.tasks]

    async def delete(got: list[str]) -> None:
        await batch_delete(delete_class(parent=queue, names=got).SerializeToString())

    return lease, delete
