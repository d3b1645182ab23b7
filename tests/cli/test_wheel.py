"""The wheel holds all that is needed: installed far from the checkout, it starts `up`."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.up import ROOT, Up, environment


def run(*command: object) -> str:
    ended = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment(PYTHONPATH=""), check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A fresh virtual environment with the wheel. It borrows the dependencies of this one, to save a minute."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "tests", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", directory, source)
    run(sys.executable, "-m", "venv", "--without-pip", directory / "venv")
    python = directory / "venv" / "bin" / "python"
    (wheel,) = directory.glob("headrace-*.whl")
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "venv"


def test_its_packages_are_not_those_of_the_checkout(installed):
    code = "import broker, worker, lua; print(broker.__file__, worker.__file__, lua.__file__)"
    assert all(path.startswith(str(installed)) for path in run(installed / "bin" / "python", "-I", "-c", code).split())


def test_its_command_starts_up(installed, tmp_path):
    command = str(installed / "bin" / "headrace")
    with Up("--data-dir", tmp_path, command=(command,), PYTHONPATH="") as up:
        assert up.stop() == 0
    assert run(command, "--version").startswith("headrace 0.")
