"""The first task of the README, as a newcomer copies and pastes it."""

import shutil
import subprocess
import sys

import pytest

from tests.docs.markdown import blocks, text_of
from tests.support.recorder import Received, Recorder
from tests.support.up import Up, environment

README = text_of("README.md")


@pytest.fixture(scope="module")
def up():
    with Up() as up:
        yield up


def run(command: list[str], up: Up, recorder: Recorder, example: str) -> Received:
    """Run an example, with its addresses replaced by those of this test; the request that its task became."""
    addresses = {
        "http://127.0.0.1:8124": up.http,
        "127.0.0.1:8123": up.grpc,
        "http://127.0.0.1:9000": recorder.url,
    }
    for shown, real in addresses.items():
        example = example.replace(shown, real)
    ended = subprocess.run(
        [*command, example], capture_output=True, text=True, timeout=60, env=environment(), check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "projects/local/locations/us-central1/queues/default/tasks/" in ended.stdout
    recorder.wait_until(recorder.received)
    (received,) = recorder.received()
    return received


def test_the_python_example(up):
    (example,) = blocks(README, "python")
    with Recorder() as recorder:
        received = run([sys.executable, "-c"], up, recorder, example)
    assert (received.method, received.path) == ("GET", "/?from=python")
    assert received.header("Authorization").startswith("Bearer ey")


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on PATH")
def test_the_curl_example(up):
    (example,) = blocks(README, "sh")
    with Recorder() as recorder:
        received = run(["sh", "-c"], up, recorder, example)
    assert (received.method, received.path) == ("GET", "/?from=curl")
