"""The limit of CreateTask over REST: an aiohttp server that reads the body and answers a fixed task. A program."""

import asyncio
import json

import uvloop
from aiohttp import web

_TASK = {
    "name": "projects/p/locations/l/queues/filled/tasks/12345678901234567890",
    "httpRequest": {
        "url": "http://127.0.0.1:9/",
        "httpMethod": "POST",
        "headers": {"User-Agent": "Google-Cloud-Tasks"},
    },
    "scheduleTime": "2026-01-01T00:00:00.123456Z",
    "createTime": "2026-01-01T00:00:00Z",
    "dispatchDeadline": "600s",
    "view": "BASIC",
}
_ANSWER = json.dumps(_TASK, indent=2) + "\n"
"""As large as that of the API node."""


async def create_task(request: web.Request) -> web.Response:
    """Nothing but the answer."""
    await request.read()
    return web.Response(text=_ANSWER, content_type="application/json", charset="UTF-8")


async def main() -> None:
    """Serve until killed."""
    application = web.Application()
    application.add_routes([web.post("/{path:.*}", create_task)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
