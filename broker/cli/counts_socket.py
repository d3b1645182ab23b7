"""What a process has counted, told to the others of its node at a Unix socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web

from broker.errors import Code, HeadraceError
from broker.probes import Exposition


@asynccontextmanager
async def told_counts(path: Path, counts: Exposition) -> AsyncIterator[None]:
    """Tells what `counts` gives to whoever asks at the socket."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=await counts())

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(path)).start()
        yield
    finally:
        await runner.cleanup()


async def fetch_counts(path: Path, within_s: float) -> bytes:
    """What is told at the socket. Raises UNAVAILABLE if nobody answers in time."""
    try:
        asking = ClientSession(connector=UnixConnector(str(path)), timeout=ClientTimeout(within_s))
        async with asking as session, session.get("http://node/") as answer:
            return await answer.read()
    except (ClientError, OSError, TimeoutError) as error:
        raise HeadraceError(Code.UNAVAILABLE, "The processes of this node cannot be asked, try again.") from error
