"""Running a node until a signal asks it to stop."""

import asyncio
import gc
import resource
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvloop

from broker import logs
from broker.settings import Settings
from broker.signals import until_signalled

_COLLECT_AFTER = (10_000, 20, 20)
"""New objects till Python looks for cycles. Serving calls leaves few, so it need not look as often as by default; five
times as rarely still would spare a busy dispatcher a twentieth of its CPU, but cost a small queue 20 ms of its p99."""

_MOST_FILES = 1 << 20
"""More than any node needs. Where there is no limit, some programs look through all files that they might have open."""


def run(serve: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Run `serve` on an event loop of its own until it ends, or until SIGINT or SIGTERM cancel it.

    What it does when it is cancelled is its orderly stop. A second signal cuts that short.
    """
    prepare(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled(serve(settings)))


def prepare(settings: Settings) -> None:
    """Makes this process that of a node: its logs, its files, its memory."""
    logs.configure(settings.log_level)
    _allow_open_files()
    gc.freeze()  # what is loaded by now stays: looking through it again and again costs a tenth of all time
    gc.set_threshold(*_COLLECT_AFTER)


def _allow_open_files() -> None:
    """Let this process open as many files as it may allow itself: each connection takes one, and shells allow few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError):  # some systems have a lower limit that they do not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
