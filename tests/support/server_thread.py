"""A server of asyncio in a thread of its own."""

import asyncio
import threading
from types import TracebackType
from typing import Self

_TURNS_TO_BEGIN = 4
"""Turns of the loop until a connection that it has just accepted has its handler: if the server closes before, asyncio
forgets the connection and leaves its socket open."""


class ServerThread:
    """What such servers share: `close`, also at the end of a with block. Subclasses start thread and server."""

    _loop: asyncio.AbstractEventLoop
    _thread: threading.Thread
    _server: asyncio.Server

    def close(self) -> None:
        """Stop listening and drop every connection."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for listening in self._server.sockets:
            self._loop.remove_reader(listening)
        for _ in range(_TURNS_TO_BEGIN):
            await asyncio.sleep(0)
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # connections that were dropped are closed in the loop's next turn
        await asyncio.sleep(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
