"""taskiq over Redis streams, with aiohttp. `enqueue` adds PEER_TASKS tasks and says how long that took."""

import asyncio
import json
import os
import time

import aiohttp
import uvloop
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

AT_ONCE = 100
broker = RedisStreamBroker(f"redis://127.0.0.1:{os.environ['PEER_REDIS_PORT']}", max_connection_pool_size=AT_ONCE)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def startup(state: TaskiqState) -> None:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    broker.state.session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


@broker.task("post")
async def post(body: str) -> None:
    async with broker.state.session.post(os.environ["PEER_SINK"], data=body) as answer:
        answer.raise_for_status()


async def enqueue() -> None:
    await broker.startup()
    body, numbers = "x" * 200, iter(range(int(os.environ["PEER_TASKS"])))

    async def one() -> None:
        for _ in numbers:
            await post.kiq(body)

    begun_s = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))
    await broker.shutdown()


if __name__ == "__main__":
    uvloop.run(enqueue())
