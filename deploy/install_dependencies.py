"""Installs what pyproject.toml lists as dependencies, in the versions of requirements.lock, without the project.

EXTRAS are names of extras of the project, whose dependencies are installed too.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
pip = [sys.executable, "-m", "pip", "install", "--constraint", "requirements.lock"]
# setuptools builds the project in the next step, without asking for anything else.
extras = [wanted for name in os.environ.get("EXTRAS", "").split() for wanted in project["optional-dependencies"][name]]
sys.exit(subprocess.run([*pip, *project["dependencies"], *extras], check=False).returncode)
