"""`headrace queues import`: bring queues to what a queue.yaml or queue.xml says."""

import asyncio
import sys
from typing import Annotated

import typer

from broker.cli import flags
from broker.cli.queue_broker import open_broker
from broker.cli.queues_file import plan_queues_file, read_queues_file
from broker.service.queue_file.plan import Plan, Prune
from broker.service.queue_files import apply_plan
from broker.settings import Settings


def import_queues(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A queue.yaml or queue.xml; - is standard input.")],
    prune: Annotated[
        Prune,
        typer.Option(help="What to do with queues that the file does not list. `default` is never touched."),
    ] = Prune.NONE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before applying the plan.")] = False,
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    location: flags.Location = None,
    limits: flags.Limits = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
) -> None:
    """Create and update queues as a queue.yaml or queue.xml says; show the plan first.

    On a terminal the plan is applied once it is confirmed, in a pipe at once. A rate of 0 pauses a queue; so does
    `paused: true`, a key of Headrace's own, which lets it have a rate. Works on the store directly: on --redis-url, or
    on that of a `headrace up` which uses the same data directory.
    """
    settings = Settings.load(
        {
            "redis_url": redis_url,
            "data_dir": data_dir,
            "project": project,
            "location": location,
            "limits": limits,
            "namespace": namespace,
            "partitions": partitions,
        }
    )
    content = read_queues_file(file)
    plan = asyncio.run(_plan(settings, file, content, prune))
    print(plan, flush=True)
    if plan.is_empty or dry_run:
        return
    if yes or _is_confirmed():
        asyncio.run(_apply(settings, plan))
        print("applied")
    else:
        print("nothing was changed")


async def _plan(settings: Settings, file: str, content: bytes, prune: Prune) -> Plan:
    async with open_broker(settings) as broker:
        return await plan_queues_file(broker, settings, file, content, prune)


async def _apply(settings: Settings, plan: Plan) -> None:
    async with open_broker(settings) as broker:
        await apply_plan(broker, plan)


def _is_confirmed() -> bool:
    """Whether the user says yes; also where there is no user to ask."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    try:
        return input("Apply? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
