"""arq with aiohttp. `enqueue` adds PEER_TASKS jobs and says how long that took; `work` runs a worker."""

import asyncio
import json
import os
import sys
import time

import aiohttp
import uvloop
from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import run_worker

AT_ONCE = 100
REDIS = RedisSettings(port=int(os.environ["PEER_REDIS_PORT"]))


async def startup(context: dict) -> None:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    context["session"] = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def post(context: dict, body: str) -> None:
    async with context["session"].post(os.environ["PEER_SINK"], data=body) as answer:
        answer.raise_for_status()


class WorkerSettings:
    functions = [post]  # noqa: RUF012
    on_startup = startup
    redis_settings = REDIS
    max_jobs = AT_ONCE
    poll_delay = 0.01
    keep_result = 0
    log_results = False


async def enqueue() -> None:
    pool, numbers = await create_pool(REDIS), iter(range(int(os.environ["PEER_TASKS"])))
    body = "x" * 200

    async def one() -> None:
        for _ in numbers:
            await pool.enqueue_job("post", body)

    begun_s = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.set_event_loop(asyncio.new_event_loop())
    if sys.argv[1] == "enqueue":
        asyncio.get_event_loop().run_until_complete(enqueue())
    else:
        run_worker(WorkerSettings)
