"""RQ with requests. `enqueue` adds PEER_TASKS jobs and says how long that took; `work` runs a worker."""

import json
import os
import sys
import time

import requests
from redis import Redis
from rq import Queue, SimpleWorker

REDIS = Redis(port=int(os.environ["PEER_REDIS_PORT"]))
BULK = 1000
session = requests.Session()


def post(body: str) -> None:
    session.post(os.environ["PEER_SINK"], data=body).raise_for_status()


def enqueue() -> None:
    queue, body = Queue(connection=REDIS), "x" * 200
    begun_s = time.perf_counter()
    for start in range(0, int(os.environ["PEER_TASKS"]), BULK):
        count = min(BULK, int(os.environ["PEER_TASKS"]) - start)
        job = Queue.prepare_data("rq_tasks.post", (body,), result_ttl=0)
        jobs = [job] + [Queue.prepare_data("rq_tasks.post", (body,), result_ttl=0) for _ in range(count - 1)]
        queue.enqueue_many(jobs)
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))


if __name__ == "__main__":
    if sys.argv[1] == "enqueue":
        enqueue()
    else:
        SimpleWorker([Queue(connection=REDIS)], connection=REDIS).work(logging_level="ERROR")
