"""A command of the shell as a handler: the payload is its input, its exit status says whether the task is done."""

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import Process
from collections.abc import Callable

from broker.model.task import PullMessage, Task

_ENDS_WITHIN_S = 5.0


class CommandFailed(Exception):
    """The command ended with another status than 0."""


class Command:
    """Runs one command a task. It has the task's name, tag and number of leases in its environment."""

    def __init__(self, command: str, at_birth: Callable[[], None] | None = None) -> None:
        """`at_birth` is what each child does before it becomes the command."""
        self._command, self._at_birth = command, at_birth

    async def __call__(self, task: Task) -> None:
        """Raises CommandFailed. If it is cancelled, it ends the command and all that the command started."""
        with tempfile.TemporaryFile() as payload:  # unlike a pipe it minds no command that does not read it
            payload.write(task.request.body)
            payload.seek(0)
            process = await asyncio.create_subprocess_shell(
                self._command,
                stdin=payload,
                env=os.environ | _variables(task),
                start_new_session=True,
                preexec_fn=self._at_birth,
            )
        try:
            await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        if process.returncode:
            raise CommandFailed(f"exit status {process.returncode}")


def _variables(task: Task) -> dict[str, str]:
    tag = task.request.tag if isinstance(task.request, PullMessage) else b""
    return {
        "TASK_NAME": str(task.name),
        "TASK_TAG": tag.replace(b"\0", b"").decode(errors="replace"),
        "TASK_LEASES": str(task.dispatch_count),
    }


async def _end(process: Process) -> None:
    """SIGTERM to the command's session, and SIGKILL to what does not mind it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await process.wait()
        except ProcessLookupError:
            return
        except TimeoutError:
            continue
        return
