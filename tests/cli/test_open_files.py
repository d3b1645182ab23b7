"""Nodes and the number of files that they may open."""

import resource
from contextlib import closing

import pytest

from tests.support.nodes import StartingNode, together
from tests.support.servers import Server, available_binaries
from tests.support.up import HEADRACE, run_headrace


def limited(flag: str, files: int) -> tuple[str, ...]:
    """The command in a shell that sets this limit first."""
    return ("sh", "-c", f'ulimit {flag} {files} && exec "$@"', "sh", *HEADRACE)


@pytest.fixture
def server():
    with closing(Server(next(iter(available_binaries().values())))) as server:
        yield server


@pytest.mark.parametrize("role", ["dispatcher", "api"])
def test_a_node_takes_all_that_it_may(server, role):
    """What a shell allows is for a user at a terminal: 1024 as a rule, 256 on some systems."""
    ports = ("--metrics-port", 0) if role == "dispatcher" else ("--grpc-port", 0, "--http-port", 0)
    node = StartingNode(role, "--redis-url", server.url, *ports, command=limited("-Sn", 300))
    with closing(node):
        together(node)
        soft, hard = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 1 << 20) > 300


def test_a_dispatcher_needs_room_for_its_requests(server):
    """Otherwise attempts would fail, and count, for want of files."""
    ended = run_headrace("dispatcher", "--redis-url", server.url, "--max-in-flight", 1000, command=limited("-n", 300))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "headrace: --max-in-flight 1000 takes 1100 open files, and this process may have 300: "
        "raise that limit (ulimit -n), or set --max-in-flight to at most 200.\n"
    )
