"""The directory that keeps the data of an embedded server, held by one `up` at a time."""

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType

from broker.errors import StartupError

_WAIT_S = 5.0
_POLL_S = 0.05


class DataDir:
    """A data directory under a lock, which ends with the last process that has `lock_descriptor` open.

    The server inherits the descriptor: the directory stays held until the server is gone, even if `up` was
    killed. Use it as an async context manager; entering raises StartupError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.lock_descriptor = -1

    async def __aenter__(self) -> "DataDir":
        self.lock_descriptor = _open_lock(self.path)
        try:
            await self._lock()
        except BaseException:
            os.close(self.lock_descriptor)
            raise
        os.truncate(self.lock_descriptor, 0)
        os.pwrite(self.lock_descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.lock_descriptor)

    async def _lock(self) -> None:
        """Take the lock. Waits a little for the server of an `up` that is no more."""
        deadline = asyncio.get_running_loop().time() + _WAIT_S
        while True:
            try:
                return fcntl.flock(self.lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self.lock_descriptor, 32, 0).decode().strip()
                if _is_alive(holder):
                    raise StartupError(
                        f"data directory {self.path} is held by another `headrace up`, process {holder}: "
                        "stop it, or choose another --data-dir"
                    ) from None
                if asyncio.get_running_loop().time() >= deadline:
                    raise StartupError(
                        f"data directory {self.path} is still held by the server of a `headrace up` that was "
                        f"killed (process {holder}): stop that server, or choose another --data-dir"
                    ) from None
            await asyncio.sleep(_POLL_S)


def _open_lock(path: Path) -> int:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise StartupError(f"data directory {path} is not a directory: choose another --data-dir") from None
    except OSError as error:
        raise StartupError(
            f"data directory {path} cannot be used ({error.strerror}): choose another --data-dir"
        ) from None


def _is_alive(pid: str) -> bool:
    """Whether a process has this id. An empty text, not written yet, is nobody: ask again."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
