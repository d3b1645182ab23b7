"""Answers of Redis that do not arrive: the script has run, or has not, and its caller gets a timeout."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from redis import exceptions

from broker.store.lane import Lane
from broker.store.scripts import Script


class LostAnswers:
    """Loses the first answer of one script. `meanwhile` happens between the script's run and the timeout."""

    def __init__(
        self, script: str, *, runs: bool = True, meanwhile: Callable[[], Awaitable[Any]] | None = None
    ) -> None:
        self._script = script
        self._runs = runs
        self._meanwhile = meanwhile
        self.calls = 0

    def __enter__(self) -> "LostAnswers":
        original = Lane.script

        async def script(lane: Lane, script: Script, key: str, arguments: Sequence[Any]) -> Any:
            if script.name != self._script:
                return await original(lane, script, key, arguments)
            self.calls += 1
            lost = self.calls == 1
            answer = await original(lane, script, key, arguments) if self._runs or not lost else None
            if not lost:
                return answer
            if self._meanwhile:
                await self._meanwhile()
            raise exceptions.TimeoutError("the answer was lost")

        self._patch: AbstractContextManager[Any] = mock.patch.object(Lane, "script", script)
        self._patch.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self._patch.__exit__(*problem)
