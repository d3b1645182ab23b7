"""`headrace queues export`: the queues of a location as a queue.yaml."""

import asyncio

from broker.cli import flags
from broker.cli.queue_broker import open_broker
from broker.service.queue_files import export_queues
from broker.settings import Settings


def export(
    redis_url: flags.RedisUrl = None,
    data_dir: flags.DataDir = None,
    project: flags.Project = None,
    location: flags.Location = None,
    namespace: flags.Namespace = None,
    partitions: flags.Partitions = None,
) -> None:
    """Write the queues of a location to standard output, as the queue.yaml that `import` makes them of again.

    What a queue.yaml has no words for is named in comments. Works on the store directly, as `import` does.
    """
    settings = Settings.load(locals())
    print(asyncio.run(_export(settings)), end="")


async def _export(settings: Settings) -> str:
    async with open_broker(settings) as broker:
        return await export_queues(broker, f"projects/{settings.project}/locations/{settings.location}")
