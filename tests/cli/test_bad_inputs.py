"""What cannot work ends with one clear line on standard error, and never with a traceback."""

import contextlib
import re
import socket
from pathlib import Path

import pytest

from tests.support.old_server import seeming_old
from tests.support.servers import Server, available_binaries, free_port
from tests.support.up import run_headrace


def refusal(*arguments: object, status: int = 1, **variables: str) -> str:
    """The one line with which the command refuses."""
    ended = run_headrace(*arguments, **variables)
    assert (ended.returncode, ended.stdout) == (status, ""), ended
    assert re.fullmatch(r"headrace: [^\n]+\n", ended.stderr), ended.stderr
    return ended.stderr


@pytest.fixture(scope="module")
def server():
    with contextlib.closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["fly"], 2, "No such command 'fly'"),
        (["up", "--fly"], 2, "No such option: --fly"),
        (["up", "--http-port", "http"], 2, "'--http-port'.*integer"),
        (["up", "--http-port", "99999"], 1, "http_port.*65535"),
        (["up", "--limit", "task_bytes"], 1, "'task_bytes': write NAME=VALUE"),
        (["up", "--limit", "speed=1"], 1, "unknown limit 'speed'; known limits are"),
        (["up", "--queue", "no good"], 1, "queue 'no good' is neither"),
        (["up", "--target-ca", "/nowhere.pem"], 1, "target_ca.*/nowhere.pem"),
        (["dispatcher", "--egress", "none"], 1, "egress.*'any' or 'public'"),
        (["up", "--host", "0.0.0.0"], 1, "refusing to listen on 0.0.0.0.*not authenticated.*--insecure"),
        (["api", "--redis-url", "http://h"], 1, r"redis_url \(HEADRACE_REDIS_URL\): must be redis://HOST:PORT"),
    ],
)
def test_bad_arguments(arguments, status, message, headrace):
    """In this process: no node starts with them, and a process each would take half a minute in all."""
    ended, output, errors = headrace(*arguments)
    assert (ended, output) == (status, "")
    assert re.fullmatch(rf"headrace: [^\n]*{message}[^\n]*\n", errors), errors


def test_an_address_that_others_can_reach():
    message = refusal("api", "--host", "0.0.0.0")
    assert re.search("refusing to listen on 0.0.0.0.*not authenticated.*--insecure", message)


def test_no_redis_at_all():
    assert "no Redis to use: give --redis-url" in refusal("api")


@pytest.mark.parametrize("role", ["up", "dispatcher"])
def test_a_redis_that_is_not_there(role):
    port = free_port()
    message = refusal(role, "--redis-url", f"redis://:secret@127.0.0.1:{port}")
    assert f"redis://127.0.0.1:{port}" in message
    assert "secret" not in message


def test_a_redis_that_is_too_old(server):
    with seeming_old(server.port) as port:
        message = refusal("api", "--redis-url", f"redis://127.0.0.1:{port}")
    assert re.search(r"Redis 6\.\S+ is too old.*7\.0", message)


def test_a_redis_that_evicts(server):
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "maxmemory-policy to noeviction" in refusal("api", "--redis-url", server.url)
    finally:
        server.client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("role", "flag"), [("api", "--http-port"), ("api", "--grpc-port"), ("dispatcher", "--metrics-port")]
)
def test_a_port_that_is_taken(server, taken_port, role, flag):
    others = {"--http-port": 0, "--grpc-port": 0} if role == "api" else {}
    arguments = [str(part) for pair in (others | {flag: taken_port}).items() for part in pair]
    message = refusal(role, "--redis-url", server.url, *arguments)
    assert f"port {taken_port}" in message
    assert flag in message


def test_a_data_directory_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    assert f"data directory {path} is not a directory" in refusal("up", "--data-dir", path)


def test_a_data_directory_that_cannot_be_written():
    path = Path("/proc/self/headrace")
    assert re.search("data directory .* cannot be used", refusal("up", "--data-dir", path))


def test_a_server_that_does_not_start_shows_its_last_words(tmp_path):
    broken = tmp_path / "redis-server"
    broken.write_text('#!/bin/sh\necho "Redis server v=7.2.0"\n[ "$1" = --version ] || echo no more memory\n')
    broken.chmod(0o755)
    message = refusal("up", "--redis-server", broken, "--data-dir", tmp_path / "data")
    assert re.search("ended with exit status.*no more memory", message)
