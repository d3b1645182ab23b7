"""`headrace queues list`: the queues of a location at a glance."""

import asyncio

from broker.cli import flags
from broker.cli.queue_broker import open_broker
from broker.cli.table import table
from broker.model.queue import Queue
from broker.model.retry import UNLIMITED_ATTEMPTS
from broker.service.queues import list_queues
from broker.settings import Settings

_HEADER = ("QUEUE", "STATE", "RATE", "BURST", "CONCURRENCY", "ATTEMPTS")


def list_(
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    location: flags.Location = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
) -> None:
    """List the queues of a location with their states and limits. Works on the store directly, as `import` does."""
    settings = Settings.load(locals())
    print(table(_HEADER, map(_row, asyncio.run(_queues(settings)))))


async def _queues(settings: Settings) -> list[Queue]:
    parent, token = f"projects/{settings.project}/locations/{settings.location}", ""
    queues: list[Queue] = []
    async with open_broker(settings) as broker:
        while True:
            page, token = await list_queues(broker, parent, page_size=0, page_token=token, filter_text="")
            queues += page
            if not token:
                return queues


def _row(queue: Queue) -> tuple[str, ...]:
    rates, attempts = queue.rate_limits, queue.retry_config.max_attempts
    return (
        queue.name.queue_id,
        queue.state,
        f"{rates.max_dispatches_per_second:.15g}/s",
        str(rates.max_burst_size),
        str(rates.max_concurrent_dispatches),
        "unlimited" if attempts == UNLIMITED_ATTEMPTS else str(attempts),
    )
