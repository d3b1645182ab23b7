"""`headrace wait`: until queues have nothing left to do."""

import asyncio
from typing import Annotated

import typer

from broker.cli import flags
from broker.cli.queue_broker import open_broker
from broker.errors import StartupError
from broker.service.admin import Idleness, wait_until_idle
from broker.settings import Settings

_MOST_SHOWN = 5


def wait(
    queue: Annotated[
        str, typer.Argument(metavar="QUEUE", help="Short id or full name; all queues of the project if not given.")
    ] = "",
    timeout_s: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="Longest time to wait.")] = 30.0,
    ignore_scheduled: Annotated[
        bool, typer.Option("--ignore-scheduled", help="Do not wait for tasks whose time has not come.")
    ] = False,
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    location: flags.Location = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
) -> None:
    """Wait until a queue, or all queues of a project, hold no task: none that waits, none that is being sent.

    The exit status is 1 if there still are some when the time is up. Works on the store directly, as `reset` does.
    """
    settings = Settings.load(
        {
            "redis_url": redis_url,
            "data_dir": data_dir,
            "project": project,
            "location": location,
            "namespace": namespace,
            "partitions": partitions,
            "queues": [queue] if queue else None,
        }
    )
    name = str(settings.queue_names[0]) if queue else f"projects/{settings.project}"
    idleness = asyncio.run(_wait(settings, name, timeout_s, ignore_scheduled))
    if not idleness.is_idle:
        busy = ", ".join(load.name.queue_id for load in idleness.busy[:_MOST_SHOWN])
        counts = f"tasks: {idleness.tasks}, being sent: {idleness.in_flight}, in {busy}"
        raise StartupError(f"{name} is not idle after {timeout_s:g} s ({counts})")
    print(f"{name} is idle")


async def _wait(settings: Settings, name: str, timeout_s: float, ignore_scheduled: bool) -> Idleness:
    async with open_broker(settings) as broker:
        return await wait_until_idle(broker, name, timeout_s=timeout_s, ignore_scheduled=ignore_scheduled)
