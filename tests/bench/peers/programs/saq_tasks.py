"""SAQ with aiohttp. `enqueue` adds PEER_TASKS jobs and says how long that took; `work` runs a worker."""

import asyncio
import json
import os
import sys
import time

import aiohttp
import uvloop
from saq import Queue, Worker

AT_ONCE = 100


def new_queue() -> Queue:
    return Queue.from_url(f"redis://127.0.0.1:{os.environ['PEER_REDIS_PORT']}")


async def startup(context: dict) -> None:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    context["session"] = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def post(context: dict, *, body: str) -> None:
    async with context["session"].post(os.environ["PEER_SINK"], data=body) as answer:
        answer.raise_for_status()


async def work() -> None:
    await Worker(new_queue(), [post], startup=startup, concurrency=AT_ONCE).start()


async def enqueue() -> None:
    queue, body = new_queue(), "x" * 200
    await queue.connect()
    numbers = iter(range(int(os.environ["PEER_TASKS"])))

    async def one() -> None:
        for _ in numbers:
            await queue.enqueue("post", body=body, ttl=-1, retries=3)

    begun_s = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))


if __name__ == "__main__":
    uvloop.run(enqueue() if sys.argv[1] == "enqueue" else work())
