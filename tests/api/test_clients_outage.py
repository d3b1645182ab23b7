"""What the official client makes of a store that is frozen, and of one that is gone and comes back."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.api.programs import LOCATION, TRANSPORTS, run_with
from tests.support.fronts import FRONTS
from tests.support.nodes import metric, start_api
from tests.support.rest import Rest
from tests.support.servers import Server, available_binaries
from tests.support.up import Node
from tests.support.waiting import eventually_async

QUEUE = f"{LOCATION}/queues/q"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Server(next(iter(available_binaries().values())), "--appendonly", "yes")) as server:
        yield server


@pytest.fixture(scope="module", params=FRONTS)
def api(request: pytest.FixtureRequest, server: Server) -> Iterator[Node]:
    with start_api(server.url, "--front", request.param) as api:
        with closing(Rest(api.http)) as rest:
            rest.call("PATCH", QUEUE, {})
        yield api


async def told(transport: str, api: Node, state: str) -> Any:
    """How the calls of the program end."""
    address = api.grpc if transport == "grpc" else api.http
    return await run_with(sys.executable, "outage.py", transport, address, state)


@TRANSPORTS
async def test_a_deadline_passes_while_the_store_does_not_answer(server: Server, api: Node, transport: str) -> None:
    server.freeze()
    try:
        ends = await told(transport, api, "frozen")
    finally:
        server.thaw()
    assert ends == ["DeadlineExceeded" if transport == "grpc" else "ReadTimeout"] * 2


@TRANSPORTS
async def test_creates_fail_at_once_and_reads_are_retried(server: Server, api: Node, transport: str) -> None:
    def failures(method: str) -> float:
        return metric(api, "headrace_api_calls_total", method=method, code="UNAVAILABLE")

    created, read = failures("CreateTask"), failures("GetQueue")
    server.kill()
    try:
        ends = asyncio.create_task(told(transport, api, "gone"))

        async def is_retried() -> bool:
            return await asyncio.to_thread(failures, "GetQueue") > read + 1

        await eventually_async(is_retried)
    finally:
        server.start()
    assert await ends == ["ServiceUnavailable", QUEUE]
    assert failures("CreateTask") == created + 1
