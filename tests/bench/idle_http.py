"""The limit of CreateTask over REST: an aiohttp server that reads the body and answers a fixed text. A program."""

import asyncio
import json

import uvloop
from aiohttp import web

_ANSWER = b'{"name": "projects/p/locations/l/queues/q/tasks/12345678901234567890", "dispatchDeadline": "600s"}'


async def create_task(request: web.Request) -> web.Response:
    """Nothing but the answer."""
    await request.read()
    return web.Response(body=_ANSWER, content_type="application/json")


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
