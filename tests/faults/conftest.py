"""Fixtures of the fault tests: a server and an API node that nobody hurts, dispatchers that a test may hurt."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.support.nodes import begin_dispatcher, start_api, start_dispatcher, together
from tests.support.recorder import Recorder
from tests.support.rest import Rest
from tests.support.servers import Server, available_binaries
from tests.support.up import Node

BINARY = next(iter(available_binaries().values()))
NO_RETRY_SOON = {"minBackoff": "1000s", "maxBackoff": "1000s"}

StartDispatcher = Callable[..., Node]
MakeQueue = Callable[..., str]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def calm_server() -> Iterator[Server]:
    """A server that no test stops."""
    with closing(Server(BINARY)) as server:
        yield server


@pytest.fixture(scope="session")
def calm_api(calm_server: Server) -> Iterator[Node]:
    """An API node that no test stops, on `calm_server`."""
    with start_api(calm_server.url) as node:
        yield node


@pytest.fixture(scope="session")
def rest(calm_api: Node) -> Iterator[Rest]:
    """A caller of `calm_api`."""
    with closing(Rest(calm_api.http)) as rest:
        yield rest


@pytest.fixture
def make_queue(rest: Rest) -> Iterator[MakeQueue]:
    """Creates a queue that no other test knows, with these fields of the resource; empties it after the test."""
    names = []

    def make(**fields: Any) -> str:
        names.append(rest.create_queue(f"queue-{next(_numbers)}", **{"retryConfig": NO_RETRY_SOON} | fields))
        return names[-1]

    yield make
    for name in names:
        rest.call("POST", f"{name}:purge", {})


@pytest.fixture
def dispatcher(calm_server: Server) -> Iterator[StartDispatcher]:
    """Starts a dispatcher on `calm_server` with these flags; ends it after the test."""
    with ExitStack() as stack:
        yield lambda *flags: stack.enter_context(start_dispatcher(calm_server.url, *flags))


@pytest.fixture
def two_dispatchers(calm_server: Server) -> Iterator[tuple[Node, ...]]:
    """Two dispatchers on `calm_server`."""
    nodes = together(begin_dispatcher(calm_server.url), begin_dispatcher(calm_server.url))
    with nodes[0], nodes[1]:
        yield nodes


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A target that no other test knows."""
    with Recorder() as recorder:
        yield recorder
