"""One Redis node: commands of the same moment share a round trip, and nothing is ever sent twice blindly."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hiredis import pack_command
from redis import exceptions
from redis.asyncio import Redis

from broker.store.scripts import Script

Command = tuple[Any, ...]
_MOST_PIPELINES = 4
_MOST_COMMANDS = 200


@dataclass(slots=True)
class _Waiting:
    command: Command
    script: Script | None
    answer: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lane:
    """Gathers commands and sends them as pipelines.

    While `_MOST_PIPELINES` are under way further commands wait and gather, so batches grow with the load. A caller
    that gives up does not disturb the others: its command is left out if it still waits, or else may still run.
    """

    def __init__(self, client: Redis) -> None:
        self.client = client
        self._waiting: list[_Waiting] = []
        self._pipelines: set[asyncio.Task[None]] = set()
        self._flush_scheduled = False

    async def command(self, *command: Any) -> Any:
        """Run one command. Raises redis exceptions."""
        return await self._submit(_Waiting(command, None))

    async def script(self, script: Script, key: str, arguments: Sequence[Any]) -> Any:
        """Run a script on the slot of `key`, loading it where the server does not know it. Raises redis exceptions."""
        return await self._submit(_Waiting(("EVALSHA", script.sha, 1, key, *arguments), script))

    async def close(self) -> None:
        """Let what is under way end, then close the connections."""
        while self._waiting or self._pipelines:
            self._flush()
            await asyncio.gather(*self._pipelines)
        await self.client.aclose()

    def _submit(self, waiting: _Waiting) -> "asyncio.Future[Any]":
        self._waiting.append(waiting)
        if not self._flush_scheduled:
            self._flush_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)
        return waiting.answer

    def _flush(self) -> None:
        self._flush_scheduled = False
        while self._waiting and len(self._pipelines) < _MOST_PIPELINES:
            batch, self._waiting = self._waiting[:_MOST_COMMANDS], self._waiting[_MOST_COMMANDS:]
            batch = [waiting for waiting in batch if not waiting.answer.done()]
            if not batch:
                continue
            pipeline = asyncio.create_task(self._run(batch))
            self._pipelines.add(pipeline)
            pipeline.add_done_callback(self._ended)

    def _ended(self, pipeline: "asyncio.Task[None]") -> None:
        self._pipelines.discard(pipeline)
        self._flush()

    async def _run(self, batch: list[_Waiting]) -> None:
        try:
            unknown = await self._send(batch)
            if unknown:
                # NOSCRIPT means that the script did not run, so sending it again is safe.
                for script in {waiting.script for waiting in unknown if waiting.script}:
                    await self.client.script_load(script.source)
                await self._send(unknown, last=True)
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)

    async def _send(self, batch: list[_Waiting], *, last: bool = False) -> list[_Waiting]:
        """Send a batch, answer what ran, return what the server had no script for."""
        unknown = []
        for waiting, answer in zip(batch, await self._answers(batch), strict=True):
            if isinstance(answer, exceptions.NoScriptError) and waiting.script and not last:
                unknown.append(waiting)
            elif not waiting.answer.done():
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)
        return unknown

    async def _answers(self, batch: list[_Waiting]) -> list[Any]:
        """Send a batch in one write and read an answer to each; what Redis refuses is answered by its error.

        This is what the client's own pipeline does; packed by hiredis it costs a third.
        """
        pool = self.client.connection_pool
        connection = await pool.get_connection()
        try:
            await connection.send_packed_command([pack_command(waiting.command) for waiting in batch])
            return [await self._answer(connection, waiting) for waiting in batch]
        finally:
            await pool.release(connection)

    async def _answer(self, connection: Any, waiting: _Waiting) -> Any:
        try:
            if waiting.script:
                return await connection.read_response()
            return await self.client.parse_response(connection, waiting.command[0])
        except exceptions.ResponseError as error:
            return error
