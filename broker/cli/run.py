"""Running a node until a signal asks it to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from broker import logs
from broker.settings import Settings


def run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run `serve` on an event loop of its own until it ends, or until SIGINT or SIGTERM cancel it.

    What it does when it is cancelled is its orderly stop. A second signal cuts that short.
    """
    logs.configure(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signalled(serve(settings)))


async def _until_signalled(node: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(node)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
