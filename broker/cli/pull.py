"""`headrace pull`: a worker that runs a command for each task of a pull queue."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from aiohttp.web import RouteDef

from broker.cli import flags
from broker.cli.embedded_server import dies_with_parent
from broker.cli.queue_broker import open_broker
from broker.cli.run import run
from broker.errors import Code, HeadraceError, StartupError
from broker.model.names import QueueName
from broker.model.queue import QueueKind
from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.probes import ProbeServer, probe_routes
from broker.service.broker import Broker
from broker.settings import Address, Settings
from broker.store.outcomes import QueueMissing
from worker.pull.command import Command
from worker.pull.leases import MOST_TASKS, Leases
from worker.pull.progress import Progress
from worker.pull.runner import PullRunner

_LONGEST_LEASE_S = 86_400
_PROGRESS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Job:
    """What the command line asks for beside the settings."""

    queue: str
    command: str
    tags: TagFilter
    concurrency: int
    batch: int
    retry_s: float


def pull(
    queue: Annotated[
        str,
        typer.Option("--queue", metavar="NAME", help="The pull queue, by short id or full name.", show_default=False),
    ],
    command: Annotated[
        str,
        typer.Option(
            "--exec",
            metavar="CMD",
            help="Command of the shell to run for each task. It gets the payload as its input; exit status 0 "
            "acknowledges the task. TASK_NAME, TASK_TAG and TASK_LEASES say which task it is.",
            show_default=False,
        ),
    ],
    tag: Annotated[
        str | None, typer.Option("--tag", metavar="TAG", help="Take only tasks with this tag.", show_default=False)
    ] = None,
    oldest_tag: Annotated[
        bool, typer.Option("--oldest-tag", help="Take tasks of one tag at a time: that of the oldest task.")
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=1000, help="How many commands run at once.")
    ] = 1,
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", min=1, max=MOST_TASKS, help="Most tasks to lease by one call.")
    ] = 100,
    retry_s: Annotated[
        float,
        typer.Option(
            "--retry-seconds",
            metavar="SECONDS",
            min=0,
            max=_LONGEST_LEASE_S,
            help="How long a task is left alone after its command failed.",
        ),
    ] = 10.0,
    host: flags.Host = None,
    metrics_port: flags.PullMetricsPort = None,
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    location: flags.Location = None,
    limits: flags.Limits = None,
    lease_caps: flags.LeaseCaps = None,
    lease_s: flags.LeaseSeconds = None,
    drain_s: flags.DrainSeconds = None,
    slow_poll_s: flags.SlowPollSeconds = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
    log_level: flags.LogLevel = None,
) -> None:
    """Lease tasks of a pull queue and run a command for each, until Ctrl-C or SIGTERM.

    Works on the Redis of --redis-url, or on that of a `headrace up` which uses the data directory. Run any number of
    them. When asked to stop it leases no more and lets commands finish; a second Ctrl-C does not wait.
    """
    if tag is not None and oldest_tag:
        raise typer.BadParameter("--tag and --oldest-tag exclude each other")
    tags: TagFilter = OldestTag() if oldest_tag else AnyTag() if tag is None else Tag(tag.encode())
    job = _Job(queue, command, tags, concurrency, batch, retry_s)
    settings = Settings.load(
        {
            "host": host,
            "metrics_port": metrics_port,
            "redis_url": redis_url,
            "data_dir": data_dir,
            "project": project,
            "location": location,
            "limits": limits,
            "lease_caps": lease_caps,
            "lease_s": lease_s,
            "drain_s": drain_s,
            "slow_poll_s": slow_poll_s,
            "namespace": namespace,
            "partitions": partitions,
            "log_level": log_level,
        }
    )
    run(lambda settings: _work(settings, job), settings)


async def _work(settings: Settings, job: _Job) -> None:
    async with open_broker(settings) as broker:
        name = await _pull_queue(broker, settings, job.queue)
        leases = Leases(
            broker.store,
            name,
            tags=job.tags,
            lease_s=settings.lease_s,
            retry_s=job.retry_s,
            calls_per_second=settings.lease_cap_rules.cap(name, settings.limits.leases_per_second),
        )
        runner = PullRunner(
            leases,
            Command(job.command, dies_with_parent()),
            concurrency=job.concurrency,
            batch=job.batch,
            drain_s=settings.drain_s,
            slow_poll_s=settings.slow_poll_s,
        )
        async with _probed(settings, broker, name, runner) as address, _shown(runner.progress):
            print(f"headrace pull ready queue={name}{address and f' metrics={address}'}", flush=True)
            await runner.run()


async def _pull_queue(broker: Broker, settings: Settings, queue: str) -> QueueName:
    """The full name of the queue. Raises StartupError."""
    parent = f"projects/{settings.project}/locations/{settings.location}"
    name = QueueName.parse(queue if "/" in queue else f"{parent}/queues/{queue}")
    if name is None:
        raise StartupError(f"--queue {queue!r} is neither a queue id (letters, digits, hyphens) nor a full name")
    try:
        found = await broker.store.queues.get(name)
    except QueueMissing:
        raise StartupError(f"there is no queue {name}; create a pull queue first") from None
    if found.kind is not QueueKind.PULL:
        raise StartupError(f"{name} is a push queue: its tasks are sent by dispatchers, not leased")
    return name


@asynccontextmanager
async def _probed(settings: Settings, broker: Broker, queue: QueueName, runner: PullRunner) -> AsyncIterator[str]:
    """Serves probes and metrics; their address, empty if no port is given for them. Raises StartupError."""
    if "metrics_port" not in settings.model_fields_set:
        yield ""
        return
    server = ProbeServer(_probes(broker, queue, runner), host=settings.host, port=settings.metrics_port)
    port = await server.start()
    try:
        yield f"http://{Address(settings.host, port)}"
    finally:
        await server.stop(0)


def _probes(broker: Broker, queue: QueueName, runner: PullRunner) -> list[RouteDef]:
    async def alive() -> None:
        """It answers."""

    async def ready() -> None:
        if runner.problem:
            raise HeadraceError(Code.UNAVAILABLE, f"No task can be leased: {runner.problem}.")

    async def exposition() -> bytes:
        runner.progress.tell(broker.metrics, str(queue))
        return await broker.metrics.exposition()

    return probe_routes(alive=alive, ready=ready, metrics=exposition)


@asynccontextmanager
async def _shown(progress: Progress) -> AsyncIterator[None]:
    """Prints a line when there is progress, and a last one at the end; the output is left to the commands."""
    printing = asyncio.create_task(_show(progress))
    try:
        yield
    finally:
        printing.cancel()
        print(f"headrace pull ended {progress}", file=sys.stderr, flush=True)


async def _show(progress: Progress) -> None:
    shown = str(progress)
    while True:
        await asyncio.sleep(_PROGRESS_EVERY_S)
        if shown != str(progress):
            shown = str(progress)
            print(f"headrace pull {shown}", file=sys.stderr, flush=True)
