"""Celery with requests. `enqueue` adds PEER_TASKS tasks and says how long that took."""

import json
import os
import time

import requests
from celery import Celery

app = Celery("celery_tasks", broker=f"redis://127.0.0.1:{os.environ['PEER_REDIS_PORT']}/0")
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_send_task_events=False)
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=100))


@app.task(ignore_result=True)
def post(body: str) -> None:
    session.post(os.environ["PEER_SINK"], data=body).raise_for_status()


if __name__ == "__main__":
    body = "x" * 200
    begun_s = time.perf_counter()
    with app.producer_pool.acquire() as producer:
        for _ in range(int(os.environ["PEER_TASKS"])):
            post.apply_async((body,), producer=producer)
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))
