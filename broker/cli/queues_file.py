"""A queue.yaml or queue.xml on disk: read, planned for the location of the settings, applied when `up` starts."""

import logging
import sys
from pathlib import Path

from broker.errors import HeadraceError, StartupError
from broker.service.broker import Broker
from broker.service.queue_file.plan import Plan, Prune
from broker.service.queue_files import apply_plan, plan_queue_file
from broker.settings import Settings

_log = logging.getLogger(__name__)


def read_queues_file(file: str | Path) -> bytes:
    """The bytes of a file, or of standard input if it is called "-". Raises StartupError."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise StartupError(f"cannot read {file}: {error.strerror}") from None


async def plan_queues_file(broker: Broker, settings: Settings, file: str | Path, content: bytes, prune: Prune) -> Plan:
    """The plan for the location of the settings. Raises StartupError, which names the file."""
    parent = f"projects/{settings.project}/locations/{settings.location}"
    try:
        return await plan_queue_file(broker, parent, content, prune)
    except HeadraceError as error:
        raise StartupError(f"{file}: {error.message}") from None


async def apply_queues_file(broker: Broker, settings: Settings) -> None:
    """Bring the queues that the file of the settings lists, if there is one, to what it says. Raises StartupError."""
    file = settings.queues_file
    if file is None:
        return
    plan = await plan_queues_file(broker, settings, file, read_queues_file(file), Prune.NONE)
    try:
        await apply_plan(broker, plan)
    except HeadraceError as error:
        raise StartupError(f"{file}: {error.message}") from None
    _log.info("queue file applied", extra={"file": str(file), "plan": str(plan)})
