"""Running a node until a signal asks it to stop."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from broker import logs
from broker.settings import Settings
from broker.signals import until_signalled

_COLLECT_AFTER = (10_000, 20, 20)
"""New objects till Python looks for cycles. Serving calls leaves few, so it need not look as often as by default; five
times as rarely still would spare a busy dispatcher a twentieth of its CPU, but cost a small queue 20 ms of its p99."""


def run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run `serve` on an event loop of its own until it ends, or until SIGINT or SIGTERM cancel it.

    What it does when it is cancelled is its orderly stop. A second signal cuts that short.
    """
    prepare(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled(serve(settings)))


def prepare(settings: Settings) -> None:
    """Makes this process that of a node: its logs, its memory."""
    logs.configure(settings.log_level)
    gc.freeze()  # what is loaded by now stays: looking through it again and again costs a tenth of all time
    gc.set_threshold(*_COLLECT_AFTER)
