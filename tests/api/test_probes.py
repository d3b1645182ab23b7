import socket

import aiohttp
import pytest

from broker.errors import Code, HeadraceError, StartupError
from broker.probes import ProbeServer, probe_routes


async def well() -> None:
    pass


async def stuck() -> None:
    raise HeadraceError(Code.UNAVAILABLE, "no claim for 60 s")


async def exposition() -> bytes:
    return b"headrace_x 1\n"


async def test_probes_tell_what_is_wrong() -> None:
    routes = probe_routes(alive=stuck, ready=well, metrics=exposition)
    server = ProbeServer(routes, host="127.0.0.1", port=0)
    answers = {}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{await server.start()}") as session:
        for path in ("/healthz", "/readyz", "/metrics", "/other"):
            async with session.get(path) as response:
                answers[path] = (response.status, await response.text())
    assert answers["/healthz"] == (503, "no claim for 60 s\n")
    assert answers["/readyz"] == (200, "ok\n")
    assert answers["/metrics"] == (200, "headrace_x 1\n")
    assert answers["/other"][0] == 404
    await server.stop(0)


async def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = ProbeServer([], host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(StartupError, match=r"cannot listen for probes on 127.0.0.1 .*--metrics-port"):
            await server.start()
