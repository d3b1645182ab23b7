"""Health, readiness and metrics over HTTP, the same for both kinds of node.

A probe is a callable that returns when all is well and raises HeadraceError, with a reason, when not.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from broker.errors import HeadraceError, StartupError
from broker.metrics import CONTENT_TYPE

Probe = Callable[[], Awaitable[None]]
Exposition = Callable[[], Awaitable[bytes]]


def probe_routes(*, alive: Probe, ready: Probe, metrics: Exposition) -> list[web.RouteDef]:
    """/healthz (restart me if this fails), /readyz (send me no work if this fails) and /metrics."""

    async def healthz(_request: web.Request) -> web.Response:
        return await _probed(alive)

    async def readyz(_request: web.Request) -> web.Response:
        return await _probed(ready)

    async def exposition(_request: web.Request) -> web.Response:
        try:
            return web.Response(body=await metrics(), headers={"Content-Type": CONTENT_TYPE})
        except HeadraceError as error:
            return web.Response(status=503, text=f"{error.message}\n")

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", exposition)]


class ProbeServer:
    """Serves the probes of a node that serves nothing else over HTTP."""

    def __init__(self, routes: list[web.RouteDef], *, host: str, port: int) -> None:
        self._host, self._port = host, port
        app = web.Application()
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> int:
        """Starts to listen and returns the port. Raises StartupError if the port cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartupError(
                f"cannot listen for probes on {self._host} port {self._port} ({error.strerror or error}); "
                "choose another port with --metrics-port, 0 for any free one"
            ) from error
        return site.port

    async def stop(self, grace_s: float) -> None:
        """Stops listening; a probe that is being answered has `grace_s` seconds."""
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(grace_s)
        await self._runner.cleanup()


async def _probed(probe: Probe) -> web.Response:
    try:
        await probe()
    except HeadraceError as error:
        return web.Response(status=503, text=f"{error.message}\n")
    return web.Response(text="ok\n")
