"""`headrace smoke`: send one task through a running installation and see it arrive."""

import asyncio
import secrets
import time
from typing import Annotated, Any

import aiohttp
import typer
from aiohttp import web

from broker.cli import flags
from broker.errors import StartupError
from broker.settings import Address, Settings

_POLL_S = 0.1
_ANSWER_WITHIN_S = 10.0

Json = dict[str, Any]


def smoke(
    api_url: Annotated[
        str, typer.Option("--api-url", metavar="URL", help="Where REST is served.")
    ] = "http://127.0.0.1:8124",
    queue: Annotated[
        str, typer.Option("--queue", metavar="ID", help="Queue for the task; created if it is missing.")
    ] = "smoke",
    listen_host: Annotated[
        str, typer.Option("--listen-host", metavar="HOST", help="Address to wait for the task on.")
    ] = "127.0.0.1",
    listen_port: Annotated[
        int, typer.Option("--listen-port", metavar="PORT", min=0, max=65_535, help="Port to wait for the task on.")
    ] = 0,
    attempt_only: Annotated[
        bool,
        typer.Option(
            "--attempt-only",
            help="Be content with an attempt, whatever came of it: for dispatchers that may send to public addresses "
            "only. The task is deleted.",
        ),
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout-seconds", metavar="SECONDS", min=1, help="How long to wait for all of it.")
    ] = 60.0,
    project: flags.Project = None,
    location: flags.Location = None,
) -> None:
    """Create a task whose target is this command, and wait until a dispatcher has sent it.

    Exit status 0 if it came, 1 with the reason if not.
    """
    settings = Settings.load({"project": project, "location": location})
    parent = f"projects/{settings.project}/locations/{settings.location}"
    check = _Check(api_url.rstrip("/"), parent, queue, attempt_only=attempt_only)
    try:
        print(asyncio.run(_within(check, Address(listen_host, listen_port), timeout_s)))
    except TimeoutError:
        raise StartupError(f"{check.stage}, and nothing more within {timeout_s:g} s") from None
    except OSError as error:
        raise StartupError(f"{check.stage}: {error}") from None


async def _within(check: "_Check", listen: Address, timeout_s: float) -> str:
    async with asyncio.timeout(timeout_s):
        return await check.run(listen)


class _Check:
    """One task on its way. `stage` says how far it came."""

    def __init__(self, api_url: str, parent: str, queue_id: str, *, attempt_only: bool) -> None:
        self._url = f"{api_url}/v2"
        self._parent = parent
        self._queue = f"{parent}/queues/{queue_id}"
        self._attempt_only = attempt_only
        self._path = f"/{secrets.token_hex(8)}"
        self._arrived = asyncio.Event()
        self.stage = f"cannot reach {api_url}"

    async def run(self, listen: Address) -> str:
        """All of it; what to print."""
        app = web.Application()
        app.router.add_post(self._path, self._receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, listen.host, listen.port)
            await site.start()
            timeout = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                return await self._send_one(session, f"http://{Address(listen.host, site.port)}{self._path}")
        finally:
            await runner.cleanup()

    async def _send_one(self, session: aiohttp.ClientSession, target: str) -> str:
        await self._create_queue(session)
        begin = time.monotonic()
        task = await self._call(session, "POST", f"{self._queue}/tasks", {"task": {"httpRequest": {"url": target}}})
        name = str(task["name"])
        self.stage = f"{name} was created"
        if self._attempt_only:
            await self._attempted(session, name)
            await self._call(session, "DELETE", name, None, missing_is_fine=True)
            return f"a dispatcher made an attempt of {name}"
        await self._arrived.wait()
        return f"{name} arrived after {(time.monotonic() - begin) * 1000:.0f} ms"

    async def _receive(self, _request: web.Request) -> web.Response:
        self._arrived.set()
        return web.Response()

    async def _create_queue(self, session: aiohttp.ClientSession) -> None:
        if await self._call(session, "GET", self._queue, None, missing_is_fine=True) is None:
            await self._call(session, "POST", f"{self._parent}/queues", {"name": self._queue})

    async def _attempted(self, session: aiohttp.ClientSession, name: str) -> None:
        while True:
            task = await self._call(session, "GET", name, None, missing_is_fine=True)
            if task is None or task.get("dispatchCount"):
                return
            await asyncio.sleep(_POLL_S)

    async def _call(
        self, session: aiohttp.ClientSession, verb: str, path: str, body: Json | None, *, missing_is_fine: bool = False
    ) -> Any:
        """The answer; None for what is missing, if that is fine. Raises StartupError with the error's text."""
        async with session.request(verb, f"{self._url}/{path}", json=body) as response:
            if response.ok:
                return await response.json()
            if response.status == 404 and missing_is_fine:
                return None
            raise StartupError(f"{verb} {path}: {response.status} {(await response.text())[:500]}")
