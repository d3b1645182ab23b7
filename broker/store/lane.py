"""One Redis node: commands of the same moment share a write, and nothing is ever sent twice blindly."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis import exceptions
from redis.asyncio import Redis

from broker.store.scripts import Script
from broker.store.wire import Request, Wire

_MOST_WIRES = 2
"""So that a large answer on its way holds up few others."""


class Lane:
    """Gathers the commands of one turn of the event loop and sends them together.

    A caller that gives up does not disturb the others: its command is left out if it still waits, or else may still
    run. `client` is the same node for what is rare: subscriptions, scans, checks.
    """

    def __init__(self, client: Redis) -> None:
        self.client = client
        self._wires: list[Wire] = []
        self._waiting: list[Request] = []
        self._flush_scheduled = False

    async def command(self, *command: Any) -> Any:
        """Run one command. Raises redis exceptions."""
        answer = await self._submit(Request.of(*command))
        understand = self.client.response_callbacks.get(command[0])
        return understand(answer) if understand else answer

    async def script(self, script: Script, key: str, arguments: Sequence[Any]) -> Any:
        """Run a script on the slot of `key`, loading it where the server does not know it. Raises redis exceptions."""
        return await self._submit(Request.of("EVALSHA", script.sha, 1, key, *arguments, script=script))

    async def close(self) -> None:
        """Let what is under way end, then close the connections."""
        self._flush()
        while busy := next((wire for wire in self._wires if wire.load), None):
            # Answers come in order: that to one more command is the last.
            last = Request.of("PING")
            busy.send([last])
            with suppress(exceptions.RedisError):
                await last.answer
            self._flush()
        for wire in self._wires:
            await wire.close()
        await self.client.aclose()

    def _submit(self, request: Request) -> "asyncio.Future[Any]":
        self._waiting.append(request)
        if not self._flush_scheduled:
            self._flush_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)
        return request.answer

    def _flush(self) -> None:
        self._flush_scheduled = False
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._wire().send(waiting)

    def _wire(self) -> Wire:
        """The connection with the least to do; a new one if all have something to do and there may be more."""
        best = min(self._wires, key=_load, default=None)
        if best is None or (best.load and len(self._wires) < _MOST_WIRES):
            best = Wire(self.client.connection_pool.make_connection(), self._lost)
            self._wires.append(best)
        return best

    def _lost(self, unsent: Sequence[Request]) -> None:
        self._wires = [wire for wire in self._wires if not wire.is_over]
        if unsent:
            self._wire().send(unsent)


def _load(wire: Wire) -> int:
    return wire.load
