"""Running a node until a signal asks it to stop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from broker import logs
from broker.settings import Settings
from broker.signals import until_signalled


def run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run `serve` on an event loop of its own until it ends, or until SIGINT or SIGTERM cancel it.

    What it does when it is cancelled is its orderly stop. A second signal cuts that short.
    """
    logs.configure(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled(serve(settings)))
