"""A directory for the sockets of one node, which does not outlive it for long, however the node ends."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker.errors import StartupError

_PREFIX = "headrace-"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A directory that only its user can look into. It is in use as long as a process has `descriptor` open."""

    path: Path
    descriptor: int
    """For children that use the directory and may outlive this process: they are to inherit it."""


@contextmanager
def scratch_directory() -> Iterator[Scratch]:
    """Makes one, after it has removed those of nodes that were killed. Raises StartupError."""
    _remove_abandoned()
    try:
        scratch = _make()
    except OSError as error:
        raise StartupError(f"cannot make a directory for sockets ({error}); name another place in TMPDIR") from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch.path, ignore_errors=True)
        os.close(scratch.descriptor)


def _make() -> Scratch:
    """A locked directory. One that another node took for abandoned before it was locked is not ours any more."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue
        if _lock(descriptor) and os.fstat(descriptor).st_nlink:
            return Scratch(path, descriptor)
        os.close(descriptor)


def _remove_abandoned() -> None:
    """Removes the directories of this user that have a lock which nobody holds."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:  # it has none, or is gone
            continue
        if _lock(descriptor):
            shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
