"""The machine and the programs a run was made with, and what its processes use."""

import os
import platform
import re
import resource
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.support.servers import available_binaries

_TICKS = os.sysconf("SC_CLK_TCK")
_LIBRARIES = ("grpcio", "aiohttp", "uvloop", "httptools", "redis", "hiredis", "protobuf")


class Missing(Exception):
    """A program that a benchmark needs is not on this machine. The message is one line that names the remedy."""


def program(name: str, package: str = "") -> str:
    """The path of a program. Raises Missing."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Missing(f"{name} is not on PATH: install the Debian package {package or name}")
    return path


def cpu_s(pid: int) -> float:
    """CPU time that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Strangers:
    """How much of the machine other programs use, from when this is made. Ours count once they have ended."""

    def __init__(self) -> None:
        self._busy_s, self._all_s = self._times()

    def share(self) -> float:
        """Their share of all processors' time, 0 to 1."""
        busy_s, all_s = self._times()
        return max(0.0, (busy_s - self._busy_s) / max(1e-9, all_s - self._all_s))

    @staticmethod
    def _times() -> tuple[float, float]:
        line = Path("/proc/stat").read_text().partition("\n")[0]
        user, nice, system, idle, iowait, irq, softirq, *_ = (int(ticks) / _TICKS for ticks in line.split()[1:])
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ours_s = sum(one.ru_utime + one.ru_stime for one in used)
        busy_s = user + nice + system + irq + softirq
        return busy_s - ours_s, busy_s + idle + iowait


def describe() -> dict[str, str]:
    """The machine in words."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "store": _store(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
    }


def _store() -> str:
    binary = next(iter(available_binaries().values()))
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\S+)", answer)
    return f"{answer.split()[0]} {found[1] if found else ''}, append-only file synced every second"
