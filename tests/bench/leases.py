"""Leases: workers that lease and delete pull tasks of 1 KB, 1,000 at a time, any and by tag, beside raw Redis.

And what it costs where workers acknowledge them one by one instead.
"""

import time
from collections.abc import AsyncIterator, Sequence

import aiohttp
import grpc

from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind, RateLimits
from broker.model.tag_filter import AnyTag, Tag, TagFilter
from broker.model.task import View
from broker.model.tickets import DEFAULT_LOCATION
from broker.store.store import Store
from tests.bench.filling import Filling, add_pull_queue, fill, opened
from tests.bench.lease_callers import (
    LEASE_S,
    Delete,
    Lease,
    acknowledge_over_grpc,
    acknowledgements,
    over_grpc,
    over_rpc_http,
)
from tests.bench.lease_limit import raw_times_ms
from tests.bench.machine import cpu_s
from tests.bench.nodes import api, redis
from tests.bench.redis_cost import RedisCost
from tests.bench.report import Report, quantile, quantile_curve
from tests.support.servers import Server
from tests.support.up import Node

_AT_ONCE = (1, 8, 64)
_LARGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


async def measure(
    report: Report,
    *,
    tasks: int = 100_000,
    batch: int = 1000,
    body_bytes: int = 1000,
    tags: int = 10,
    acknowledged: int = 3000,
) -> None:
    """The store alone, without and with a tag, then gRPC and App Engine's protocol, without a cap."""
    curves: dict[str, list[tuple[float, float]]] = {}
    with redis() as server:
        async with opened(server.url) as store:

            async def work(what: str, lease: Lease, delete: Delete, **budget: float) -> float:
                spent, begun_s = RedisCost.now(server), time.perf_counter()
                times_ms, leased = [], 0
                async for took_ms, got in _leases(lease):
                    await delete(got)
                    times_ms.append(took_ms)
                    leased += len(got)
                assert leased == tasks, f"{leased} of {tasks}"
                seconds, spent = time.perf_counter() - begun_s, RedisCost.now(server).since(spent)
                times_ms.sort()
                p50_ms = quantile(times_ms, 0.5)
                report.figure(f"lease of {batch} tasks, {what}, p50", p50_ms, "ms", **budget)
                report.figure(f"lease of {batch} tasks, {what}, p99", quantile(times_ms, 0.99), "ms")
                report.figure(f"tasks leased and deleted, {what}", leased / seconds, "tasks/s")
                report.figure(f"Redis CPU of a task leased and deleted, {what}", spent.cpu_us / leased, "us")
                curves[what] = quantile_curve(times_ms)
                return p50_ms

            queue = await _full(store, await add_pull_queue(store, "any"), tasks, body_bytes)
            limits = await _limits(report, server, store, queue, batch)
            p50_ms = await work("store, any tag", *_at_the_store(store, queue, AnyTag(), batch), at_most=8)
            for limit, limit_ms in limits.items():
                report.figure(f"lease of {batch} tasks beside {limit}", p50_ms, "ms", limit=limit, limit_value=limit_ms)
            queue = await _full(store, await add_pull_queue(store, "by-tag"), tasks, body_bytes, b"tag-0", tags)
            chosen = _at_the_store(store, queue, Tag(b"tag-0"), batch)
            await work(f"store, one of {tags} tags", *chosen, at_most=8)
            with api(server.url) as node:
                queue = await _full(store, await add_pull_queue(store, "served"), tasks, body_bytes)
                async with grpc.aio.insecure_channel(node.grpc, options=_LARGE) as channel:
                    await work("gRPC", *over_grpc(channel, queue, batch))
                    for at_once in _AT_ONCE:
                        await _full(store, queue, acknowledged, body_bytes)
                        requests = await acknowledgements(channel, queue, acknowledged)
                        await _acknowledge(report, server, node, channel, requests, at_once)
                queue = await _full(store, await _add_app_engine_queue(store), tasks, body_bytes)
                async with aiohttp.ClientSession() as session:
                    await work("App Engine", *over_rpc_http(session, node.http, queue, batch))
    axes = ("percentile", "ms")
    report.plot("leases", f"Lease of {batch} pull tasks of {body_bytes} bytes", axes, curves, log_x=True, log_y=True)


async def _acknowledge(
    report: Report, server: Server, node: Node, channel: grpc.aio.Channel, requests: Sequence[bytes], at_once: int
) -> None:
    """Tell what API node and Redis spend on each call, where so many are open."""
    spent, used_s = RedisCost.now(server), cpu_s(node.pid)
    await acknowledge_over_grpc(channel, requests, at_once)
    used_s, spent = cpu_s(node.pid) - used_s, RedisCost.now(server).since(spent)
    what = f"AcknowledgeTask, {at_once} at once"
    report.figure(f"API node CPU of a task, {what}", used_s * 1e6 / len(requests), "us")
    report.figure(f"Redis CPU of a task, {what}", spent.cpu_us / len(requests), "us")
    report.figure(f"tasks of a script call, {what}", len(requests) / spent.script_calls, "tasks")


async def _limits(report: Report, server: Server, store: Store, queue: QueueName, batch: int) -> dict[str, float]:
    """What raw Redis takes at the median, by what it does (ms)."""
    reading_ms, writing_ms = await raw_times_ms(server, store, queue, batch)
    limits = {
        "ZRANGE and MGET": quantile(reading_ms, 0.5),
        "the same and a SETRANGE a task, two ZADD": quantile(writing_ms, 0.5),
    }
    for limit, p50_ms in limits.items():
        report.figure(f"raw Redis, {batch} tasks, {limit}, p50", p50_ms, "ms")
    return limits


async def _leases(lease: Lease) -> AsyncIterator[tuple[float, list[str]]]:
    """Lease until nothing is left: how long each call took (ms) and what it brought."""
    while True:
        begun_s = time.perf_counter()
        got = await lease()
        if not got:
            return
        yield (time.perf_counter() - begun_s) * 1e3, got


async def _full(
    store: Store, queue: QueueName, tasks: int, body_bytes: int, tag: bytes = b"", tags: int = 0
) -> QueueName:
    """The queue with so many tasks of the tag, and a tenth as many of each other of `tags`."""
    body = b"x" * body_bytes
    await fill(store, queue, Filling(body=body, pull=True, tag=tag, schedule_us=[None] * tasks))
    for number in range(1, tags):
        others = [None] * (tasks // 10)
        await fill(store, queue, Filling(body=body, pull=True, tag=b"tag-%d" % number, schedule_us=others))
    return queue


async def _add_app_engine_queue(store: Store) -> QueueName:
    """A pull queue where callers of App Engine's protocol look for theirs."""
    name = QueueName(DEFAULT_LOCATION.project, DEFAULT_LOCATION.location, "served")
    queue = Queue(name, RateLimits(max_concurrent_dispatches=-1), kind=QueueKind.PULL)
    return (await store.queues.create(queue, max_queues=1)).name


def _at_the_store(store: Store, queue: QueueName, chosen: TagFilter, batch: int) -> tuple[Lease, Delete]:
    async def lease() -> list[str]:
        tasks = await store.leases.lease(
            queue,
            max_tasks=batch,
            lease_us=LEASE_S * 1_000_000,
            tags=chosen,
            view=View.FULL,
            most_bytes=1 << 30,
            cap=0,
            require_running=False,
            deadline_s=60,
        )
        return [task.task_id for task in tasks]

    async def delete(got: list[str]) -> None:
        await store.tasks.delete_many(queue, got)

    return lease, delete
