"""Rows that arrive together share a script call: one call a place at a time, the next one gathers meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_ENOUGH_ROWS, _MOST_ROWS = 32, 100
_MOST_BYTES = 1 << 20
_LOOK_EVERY_S = 0.05
"""Redis answers a hundred times faster, unless it has troubles: then no row is to wait until others have given up."""

Place = TypeVar("Place", bound=Hashable)
Row = TypeVar("Row")
Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Waiting(Generic[Row, Answer]):
    row: Row
    size_bytes: int
    answer: "asyncio.Future[Answer]"


class Batcher(Generic[Place, Row, Answer]):
    """Sends rows of many callers, at most 100 and 1 MiB at a time. A place is what the rows of a call have in common.

    `send` takes a place and rows, and returns an answer a row, in order; what it raises, all its callers get. 32 rows
    are enough unless 100 wait: while Redis works on them the node answers others and reads on, instead of waiting.

    A call sets out when the one before has been answered, or is late, and as many turns of the event loop have brought
    no other row as it has patience for: `most_turns` once rows have shared a call, one less for each that went alone,
    down to `least_turns`. If that is 0 what comes alone is sent at once.
    """

    def __init__(
        self, send: Callable[[Place, Sequence[Row]], Awaitable[Iterable[Answer]]], *, least_turns: int, most_turns: int
    ) -> None:
        self._send = send
        self._least_turns, self._most_turns = least_turns, most_turns
        self._patience_turns = least_turns
        self._waiting: dict[Place, list[_Waiting[Row, Answer]]] = {}
        self._held: dict[Place, object] = {}
        """The call that the rows of a place wait for, or the task that gathers them for the next."""
        self._watched: set[Place] = set()

    async def run(self, place: Place, row: Row, size_bytes: int = 0) -> Answer:
        """The answer to a row. A caller that gives up does not disturb the others; its row may still be sent."""
        if not self._patience_turns and place not in self._held:
            # Without a task and a future, which would take as long as all else that the node does for a row.
            (answer,) = await self._call(place, [row])
            return answer
        waiting: _Waiting[Row, Answer] = _Waiting(row, size_bytes, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(place, []).append(waiting)
        if place not in self._held:
            self._pass_on(place)
        if place not in self._watched:
            self._watched.add(place)
            self._look(place, None)
        return await waiting.answer

    async def _call(self, place: Place, rows: Sequence[Row]) -> Iterable[Answer]:
        call = self._held[place] = object()
        try:
            return await self._send(place, rows)
        finally:
            if self._held.get(place) is call:
                self._pass_on(place)

    def _pass_on(self, place: Place) -> None:
        """The rows that wait are next; without any the place is free."""
        if place in self._waiting:
            self._held[place] = asyncio.get_running_loop().create_task(self._next_call(place))
        else:
            del self._held[place]

    def _look(self, place: Place, before: object) -> None:
        """Let nobody wait for a call that was there at the last look. Goes on until the place is free."""
        holder = self._held.get(place)
        if holder is None:
            self._watched.discard(place)
            return
        if holder is before and not isinstance(holder, asyncio.Task):
            self._pass_on(place)
        asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look, place, holder)

    async def _next_call(self, place: Place) -> None:
        await self._gather(self._waiting[place])
        batch = self._next_batch(place)
        alone = len(batch) == 1
        self._patience_turns = max(self._least_turns, self._patience_turns - 1) if alone else self._most_turns
        try:
            answers = await self._call(place, [waiting.row for waiting in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)

    async def _gather(self, waiting: Sequence[object]) -> None:
        """Lets the rows of the same moment join: waits for as long as some turns of the event loop bring another.

        gRPC brings calls one by one, and needs several turns for each, so that without this most rows would be round
        trips of their own, which take twice the time. A turn in vain costs two microseconds, so rows that come alone
        wait less and less.
        """
        joined = 0
        while joined < len(waiting) < _ENOUGH_ROWS:
            joined = len(waiting)
            for _ in range(self._patience_turns):
                await asyncio.sleep(0)
                if len(waiting) > joined:
                    break

    def _next_batch(self, place: Place) -> list[_Waiting[Row, Answer]]:
        """Take what fits."""
        queue = self._waiting[place]
        most = _MOST_ROWS if len(queue) >= _MOST_ROWS else min(len(queue), _ENOUGH_ROWS)
        size, count = 0, 0
        while count < most:
            size += queue[count].size_bytes
            if count and size > _MOST_BYTES:
                break
            count += 1
        batch, rest = queue[:count], queue[count:]
        if rest:
            self._waiting[place] = rest
        else:
            del self._waiting[place]
        return batch
