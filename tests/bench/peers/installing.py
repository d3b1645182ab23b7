"""Peers from their registries, each in a folder of its own outside the repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.machine import Missing
from tests.bench.peers.catalogue import Peer

PROGRAMS = Path(__file__).with_name("programs")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headrace" / "peers"


def home(peer: Peer) -> Path:
    """Where a peer is installed."""
    return CACHE / peer.key


def interpreter(peer: Peer) -> Path:
    """The program that runs a peer's programs. Raises Missing."""
    if peer.suffix == "py":
        return home(peer) / "bin" / "python"
    if peer.suffix == "go":
        return home(peer) / "peer"
    return Path(_tool("node", peer))


def program(peer: Peer) -> Path:
    """The source of a peer's program; variants share one."""
    return PROGRAMS / f"{peer.key.partition('_')[0]}_tasks.{peer.suffix}"


def install(peer: Peer) -> None:
    """Install a peer's packages if they are not there. Raises Missing with the installer's words."""
    folder = home(peer)
    mark = folder / "installed"
    if mark.exists() and mark.read_text() == " ".join(peer.packages):
        return
    folder.mkdir(parents=True, exist_ok=True)
    if peer.suffix == "go":
        _compile(_tool("go", peer), peer)
    elif peer.suffix == "py":
        _run(sys.executable, "-m", "venv", folder)
        _run(interpreter(peer), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages)
    else:
        _tool("npm", peer)
        (folder / "package.json").write_text(json.dumps({"name": "peer", "private": True}))
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", *peer.packages, cwd=folder)
    mark.write_text(" ".join(peer.packages))


def versions(peer: Peer) -> str:
    """The versions of what is compared."""
    if peer.suffix == "go":
        return (home(peer) / "versions").read_text().strip()
    if peer.suffix != "py":
        found = [
            json.loads((home(peer) / "node_modules" / name / "package.json").read_text()) for name in peer.versions
        ]
        return ", ".join(f"{package['name']} {package['version']}" for package in found)
    code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    command = [interpreter(peer), "-c", code, *peer.versions]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _tool(name: str, peer: Peer) -> str:
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{peer.name} needs {name} on PATH")
    return path


def _compile(go: str, peer: Peer) -> None:
    folder = home(peer)
    shutil.copy(program(peer), folder / "main.go")
    if not (folder / "go.mod").exists():
        _run(go, "mod", "init", "peer", cwd=folder)
    _run(go, "get", *peer.packages, cwd=folder)
    _run(go, "build", "-o", "peer", ".", cwd=folder)
    lines = [_run(go, "list", "-m", name, cwd=folder) for name in peer.versions]
    (folder / "versions").write_text(", ".join(line.strip().rpartition("/")[2] for line in lines))


def _run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=cwd, check=False)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout
