"""What a worker does with a task: a function of the user, on the event loop or in a thread."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from broker.model.task import Task

Handler = Callable[[Task], object] | Callable[[Task], Awaitable[object]]
"""Takes a task with its payload. It returns when the task is done, and raises if it failed."""


class Hands:
    """Runs a handler: a coroutine function on the event loop, any other in one of `concurrency` threads."""

    def __init__(self, handler: Handler, concurrency: int) -> None:
        self._handler = handler
        call = getattr(handler, "__call__", handler)  # noqa: B004 - an object may have an asynchronous __call__
        is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)
        self._threads = None if is_async else ThreadPoolExecutor(concurrency, "pull")

    async def handle(self, task: Task) -> None:
        """Raises what the handler raises. A thread cannot be cancelled: it runs on, and nothing comes of it."""
        if self._threads is None:
            await self._handler(task)  # type: ignore[misc]  # it is a coroutine function
        else:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._handler, task)

    def close(self) -> None:
        """Let the threads end."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
