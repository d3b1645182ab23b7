"""gcloud-aio-taskqueue: `python push_queue.py http://HOST:PORT`, with CLOUDTASKS_EMULATOR_HOST set to HOST:PORT."""

import asyncio
import base64
import json
import sys

from aiohttp import ClientResponseError
from gcloud.aio.taskqueue import PushQueue

PROJECT, QUEUE, LOCATION = "p", "q", "us-central1"
TASK = {"httpRequest": {"url": "http://127.0.0.1:1/", "body": base64.b64encode(b"body").decode()}}


async def refused(call):
    """The status of the error that a call ends with."""
    try:
        await call
    except ClientResponseError as error:
        return error.status


async def main(address):
    answers = {}
    async with PushQueue(PROJECT, QUEUE, LOCATION) as queue:
        names = [queue.task_name(f"t{number}") for number in range(5)]
        created = [await queue.create(TASK | {"name": name}) for name in names]
        answers["created"] = [created[0]["name"] == names[0], created[0]["view"]]
        answers["exists"] = await refused(queue.create(TASK | {"name": names[0]}))
        answers["got"] = (await queue.get(names[0], full=True))["httpRequest"]["body"] == TASK["httpRequest"]["body"]
        answers["basic"] = "body" in (await queue.get(names[0]))["httpRequest"]
        token, listed = "", []
        while page := await queue.list(full=True, page_size=2, page_token=token):
            listed += [task["name"] for task in page.get("tasks", [])]
            token = page.get("nextPageToken", "")
            if not token:
                break
        answers["listed"] = sorted(listed) == names
        answers["run"] = (await queue.run(names[1]))["dispatchCount"]
        answers["deleted"] = [await queue.delete(name) for name in names[:2]]
        answers["gone"] = await refused(queue.get(names[0]))
    async with PushQueue(PROJECT, QUEUE, LOCATION, api_root=f"{address}/v2beta3") as queue:
        answers["by api_root"] = len((await queue.list())["tasks"])
    print(json.dumps(answers))


asyncio.run(main(sys.argv[1]))
