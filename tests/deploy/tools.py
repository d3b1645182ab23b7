"""Programs that tests here use and that may be missing: `make tools` fetches them."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.up import ROOT

CHART = ROOT / "helm" / "headrace"
DEPLOY = ROOT / "deploy"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
NEWEST = "1.37.0"

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace" / "bin"


def find(program: str) -> str:
    """The path of a program, empty if it is nowhere."""
    return shutil.which(program, path=f"{os.environ['PATH']}{os.pathsep}{_CACHE}") or ""


def needs(program: str) -> pytest.MarkDecorator:
    """Skips tests where a program is missing, with the reason."""
    return pytest.mark.skipif(not find(program), reason=f"no {program}: `make tools` fetches it")


@cache
def _engine() -> str:
    """Why there is no Docker engine; empty if there is one."""
    if not find("docker"):
        return "no docker on PATH"
    answer = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    return "" if answer.returncode == 0 else "no Docker engine answers: `.ci/engine` starts one"


def needs_engine() -> pytest.MarkDecorator:
    """Skips tests where no Docker engine runs, with the reason."""
    return pytest.mark.skipif(bool(_engine()), reason=_engine())


def run(*command: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, with what it printed."""
    words = [find(str(command[0])) or str(command[0]), *map(str, command[1:])]
    return subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, **options)


def helm(*arguments: object, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """A command of helm, with values of a test beside those of its arguments."""
    given = ["--values", "-"] if values is not None else []
    return run("helm", *arguments, *given, input=json.dumps(values) if values is not None else None)


def rendered(
    *arguments: object, values: dict[str, Any] | None = None, kubernetes: str = NEWEST
) -> list[dict[str, Any]]:
    """The objects of the chart with these values."""
    answer = helm(
        "template", "try", CHART, "--namespace", "here", "--kube-version", kubernetes, *arguments, values=values
    )
    assert answer.returncode == 0, answer.stderr
    return [document for document in yaml.safe_load_all(answer.stdout) if document]


@cache
def of_ci(path: Path, kubernetes: str = NEWEST) -> list[dict[str, Any]]:
    """The objects of the chart with the values of a file in its `ci` folder."""
    return rendered("--values", path, kubernetes=kubernetes)


def only(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The one object of a kind whose name ends so."""
    (found,) = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].endswith(name)]
    return found


def pod_specs(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods of all objects, by `KIND/NAME`."""
    found = {}
    for each in objects:
        spec = each["spec"] if each["kind"] == "Pod" else each.get("spec", {}).get("template", {}).get("spec")
        if spec:
            found[f"{each['kind']}/{each['metadata']['name']}"] = spec
    return found
