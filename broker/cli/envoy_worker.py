"""A worker of `headrace api` whose process is Envoy's: the ASGI application that Envoy loads.

It is told what to do, says what it has to say, and ends as `api_worker` does. It lives in a thread of Envoy's, with an
event loop of its own.
"""

import asyncio
import logging
import os
import pickle
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from broker.api.envoy.front import EnvoyFront
from broker.cli.api_worker import say, serve
from broker.cli.run import prepare
from broker.cli.worker_process import Order
from broker.errors import HeadraceError, StartupError

_log = logging.getLogger(__name__)


class EnvoyWorker:
    """The application. Its `lifespan` is the node's life: `serve` runs the node until its parent is gone."""

    def __init__(self, serve: Callable[[Order, EnvoyFront], Awaitable[None]] = serve) -> None:
        self._serve = serve
        self._answer: Callable[..., Awaitable[None]] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """A call of gRPC, or the node's life."""
        if self._answer is not None:
            await self._answer(scope, receive, send)
        else:
            await self._live(receive, send)

    async def _live(self, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        order: Order = pickle.load(sys.stdin.buffer)
        prepare(order.settings)
        assert order.sockets is not None
        front = EnvoyFront(order.sockets)
        serving = asyncio.create_task(self._run(order, front))
        await front.is_behind.wait()
        self._answer = front.calls
        await send({"type": "lifespan.startup.complete"})
        await receive()
        # Envoy was ended by somebody else: there is nobody left to wait for.
        serving.cancel()
        await asyncio.wait([serving])
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self, order: Order, front: EnvoyFront) -> None:
        """The node, then the end of Envoy. If it cannot start this says why and ends the process."""
        try:
            await self._serve(order, front)
        except (StartupError, HeadraceError) as error:
            say(str(error) if isinstance(error, StartupError) else error.message)
            os._exit(1)
        except Exception:  # a defect of ours: without a node Envoy must not stay
            _log.exception("the node failed")
            os._exit(1)
        finally:
            if not front.is_behind.is_set():
                os._exit(0)
            await front.end()


application = EnvoyWorker()
