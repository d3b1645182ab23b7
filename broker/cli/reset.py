"""`headrace reset`: forget all that a project has."""

import asyncio
import sys
from typing import Annotated

import typer

from broker.cli import flags
from broker.cli.queue_broker import open_broker
from broker.service.admin import reset_project
from broker.settings import Settings
from broker.store.projects import Forgotten


def reset(
    keep_queues: Annotated[
        bool, typer.Option("--keep-queues", help="Keep the queues and their configurations; forget their tasks.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
) -> None:
    """Delete all queues of a project and all their tasks, in every location; every name is free again at once.

    Requests that are under way go on, and what comes of them changes nothing. Asks first on a terminal. Works on the
    store directly: on --redis-url, or on that of a `headrace up` which uses the same data directory.
    """
    settings = Settings.load(
        {
            "redis_url": redis_url,
            "data_dir": data_dir,
            "project": project,
            "namespace": namespace,
            "partitions": partitions,
        }
    )
    if not (yes or _is_confirmed(settings.project)):
        print("nothing was changed")
        return
    forgotten = asyncio.run(_reset(settings, keep_queues))
    what = "emptied" if keep_queues else "deleted"
    print(
        f"project {settings.project}: queues {what}: {forgotten.queues}, "
        f"names of deleted queues freed: {forgotten.names}"
    )


async def _reset(settings: Settings, keep_queues: bool) -> Forgotten:
    async with open_broker(settings) as broker:
        return await reset_project(broker, f"projects/{settings.project}", keep_queues=keep_queues)


def _is_confirmed(project: str) -> bool:
    """Whether the user says yes; also where there is no user to ask."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    try:
        return input(f"Delete all tasks of project {project}? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
