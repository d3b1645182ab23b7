"""Stages: where a dispatcher's CPU goes while it drains a queue, and an API node's while it creates tasks over gRPC."""

from google.cloud.tasks_v2 import CreateTaskRequest, Task

from tests.bench.filling import Filling, add_queue, fill, opened, resume
from tests.bench.h2load import grpc_calls
from tests.bench.idle_grpc import METHOD
from tests.bench.nginx import nginx
from tests.bench.nodes import api, dispatchers, redis, until
from tests.bench.report import Report
from tests.bench.stacks import Watch, Watched

_DISPATCHER = (
    ("metrics", r"prometheus_client/|broker/metrics\.py"),
    ("Redis client", r"/redis/|/hiredis/|broker/store/(lane|topology|backend|scripts)\.py"),
    ("claim", r"worker/(claimer|in_flight|ownership)\.py|^claim .*broker/store/attempts\.py|wakeups\.py"),
    ("settle", r"worker/settler\.py|^settle .*broker/store/attempts\.py|^_settled .*dispatcher\.py"),
    ("token", r"broker/identity/"),
    ("read the record", r"broker/store/record\.py|/json/|^_read .*courier\.py"),
    ("build the request", r"worker/(preparer|request|routing)\.py|http1/message\.py"),
    ("send and read the answer", r"worker/(http1/|sender|redirects|outcome|rewrite|egress)"),
    ("renew leases", r"worker/renewer\.py"),
    (
        "carry an attempt between stages",
        r"worker/(courier|dispatcher|queue_configs)\.py|broker/store/attempts\.py",
    ),
)
_API = (
    ("metrics", r"prometheus_client/|broker/metrics\.py"),
    ("Redis client", r"/redis/|/hiredis/|broker/store/(lane|topology|backend|scripts)\.py"),
    ("pack the record", r"broker/store/record\.py|/json/"),
    ("create in batches", r"broker/store/"),
    ("validate", r"broker/service/|broker/model/"),
    ("read the request, write the answer", r"broker/api/|google/protobuf|proto/"),
)


async def measure(report: Report, *, tasks: int = 60_000, seconds: float = 5) -> None:
    """As in the benchmarks of drain and enqueue, but slowed a little by py-spy, which looks 500 times a second."""
    await _dispatcher(report, tasks)
    await _api_node(report, seconds)


async def _dispatcher(report: Report, tasks: int) -> None:
    with nginx() as sink, redis() as server:
        async with opened(server.url) as store:
            queue = await add_queue(store, "profiled", paused=True)
            await fill(store, queue, Filling(sink.url, b"x" * 200, oidc=True, schedule_us=[None] * tasks))
            with dispatchers(server.url) as (node,):
                before = sink.arrived()

                async def reached(share: float) -> int:
                    async def look() -> bool:
                        return sink.arrived() - before >= tasks * share

                    await until(look)
                    return sink.arrived()

                await resume(store, queue)
                first = await reached(0.1)
                watch = Watch(node.pid)
                sent = await reached(0.95) - first
                _tell(report, "dispatcher", watch.stop(_DISPATCHER, "event loop and sockets"), sent)


async def _api_node(report: Report, seconds: float) -> None:
    with redis() as server, api(server.url) as node:
        async with opened(server.url) as store:
            queue = await add_queue(store, "profiled", paused=True)
            task = Task(http_request={"url": "http://127.0.0.1:9/", "body": b"x" * 300})
            create = CreateTaskRequest.pb(CreateTaskRequest(parent=str(queue), task=task)).SerializeToString()
            grpc_calls(node.grpc, METHOD, create, 1)
            before = (await store.queues.stats(queue)).tasks
            watch = Watch(node.pid)
            grpc_calls(node.grpc, METHOD, create, seconds)
            created = (await store.queues.stats(queue)).tasks - before
            _tell(report, "API node", watch.stop(_API, "gRPC, event loop and sockets"), created)


def _tell(report: Report, who: str, watched: Watched, tasks: int) -> None:
    each_us = watched.cpu_s * 1e6 / max(1, tasks)
    report.figure(f"{who}: CPU of a task while watched", each_us, "us")
    report.figure(f"{who}: share of a core that it used", watched.cpu_s / watched.took_s, "")
    for stage, share in watched.shares:
        report.figure(f"{who}: {stage}", share * each_us, "us")
