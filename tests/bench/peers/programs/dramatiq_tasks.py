"""Dramatiq with requests. `enqueue` adds PEER_TASKS messages and says how long that took."""

import json
import os
import threading
import time

import dramatiq
import requests
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(host="127.0.0.1", port=int(os.environ["PEER_REDIS_PORT"])))
local = threading.local()


@dramatiq.actor
def post(body: str) -> None:
    if not hasattr(local, "session"):
        local.session = requests.Session()
    local.session.post(os.environ["PEER_SINK"], data=body).raise_for_status()


if __name__ == "__main__":
    body = "x" * 200
    begun_s = time.perf_counter()
    for _ in range(int(os.environ["PEER_TASKS"])):
        post.send(body)
    print(json.dumps({"seconds": time.perf_counter() - begun_s}))
