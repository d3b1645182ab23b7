"""What a node that was killed leaves in the directory for temporary files is removed by the next one."""

import subprocess
import sys
from pathlib import Path

import pytest

from broker.errors import StartupError
from broker.scratch import scratch_directory
from tests.support.fronts import NEEDS_ENVOY
from tests.support.nodes import start_api
from tests.support.processes import is_alive
from tests.support.up import environment
from tests.support.waiting import eventually


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files, of nodes and of the test's own process."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "flags",
    [("--port", 0), ("--workers", 2), pytest.param(("--front", "envoy"), marks=NEEDS_ENVOY)],
    ids=lambda flags: flags[0],
)
def test_what_a_killed_node_leaves_is_removed(redis_url, redis_client, temporary, flags):
    with start_api(redis_url, *flags) as node, scratch_directory():
        (path,) = {path.parent for path in temporary.glob("headrace-*/lock") if len(list(path.parent.iterdir())) > 1}
        node.kill()
        assert path.is_dir()

        def is_removed_by_the_next() -> bool:
            with scratch_directory():
                return not path.exists()

        eventually(is_removed_by_the_next)  # the last threads of its processes may still be ending


def test_what_is_somebody_elses_or_in_use_stays(temporary: Path):
    for name in ("headrace-without-a-lock", "other-prefix", "target"):
        (temporary / name).mkdir()
    (temporary / "headrace-file").touch()
    (temporary / "other-prefix" / "lock").touch()
    (temporary / "target" / "lock").touch()
    (temporary / "headrace-link").symlink_to("target")
    (temporary / "headrace-abandoned").mkdir()
    (temporary / "headrace-abandoned" / "lock").touch()
    with scratch_directory() as first, scratch_directory() as second:
        found = {path.name for path in temporary.iterdir()}
        others = {"headrace-without-a-lock", "other-prefix", "target", "headrace-file", "headrace-link"}
        assert found == others | {first.path.name, second.path.name}
        assert first.path.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in temporary.iterdir()} == others
    assert (temporary / "target" / "lock").exists()


PARENT = """
import subprocess, sys
from broker.scratch import scratch_directory
with scratch_directory() as scratch:
    child = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=(scratch.descriptor,))
    print(child.pid, scratch.path, flush=True)
    child.wait()
"""


def test_a_child_that_outlives_its_parent_keeps_the_directory(temporary: Path):
    """As a worker does that finishes its calls after its parent was killed."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=-1, stdout=-1, text=True, env=environment()) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        child, path = parent.stdout.readline().split()
        parent.kill()
        parent.wait()
        with scratch_directory():
            assert Path(path).is_dir()
        parent.stdin.close()
        eventually(lambda: not is_alive(int(child)))
        with scratch_directory():
            assert not Path(path).exists()
    assert list(temporary.iterdir()) == []


def test_a_place_that_cannot_be_used(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "nowhere"))
    with pytest.raises(StartupError, match="name another place in TMPDIR"), scratch_directory():
        pass
