"""The paths without a version that Firebase's emulator for task queues has (Cloud Tasks specification, 10.2).

firebase-admin creates and deletes tasks there, wherever CLOUD_TASKS_EMULATOR_HOST points to; Firebase's own tools
create queues. A queue's `defaultUri` becomes its routing, for tasks that name no URL.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from broker.api.firebase_queue import DEFAULT_PORTS, queue_object, with_defaults
from broker.api.json_fields import message_object
from broker.api.json_reader import read_message
from broker.api.rest_answer import answered
from broker.api.rest_body import read_body
from broker.api.rest_request import decode_object
from broker.api.rpcs import RPCS
from broker.errors import Code, HeadraceError
from broker.model.queue import Queue
from broker.service import queues
from broker.service.broker import Broker

_QUEUE = "/projects/{project}/locations/{location}/queues/{queue}"
_MOST_QUEUES = 1000
_V2 = {rpc.method: rpc for rpc in RPCS if rpc.path.startswith("/v2/")}
_UPDATE_QUEUE, _CREATE_TASK, _DELETE_TASK = (_V2[method] for method in ("UpdateQueue", "CreateTask", "DeleteTask"))


def firebase_routes(broker: Broker) -> list[web.RouteDef]:
    """The routes."""

    async def set_queue(request: web.Request) -> Any:
        config = with_defaults(decode_object(await read_body(request)))

        def read() -> Any:
            message = _UPDATE_QUEUE.request()
            read_message(queue_object(config), message.queue)
            message.queue.name = _queue_name(request)
            return message

        await _UPDATE_QUEUE.call(broker, read)
        return {"taskQueueConfig": config}

    async def create_task(request: web.Request) -> Any:
        body = decode_object(await read_body(request))

        def read() -> Any:
            message = _CREATE_TASK.request()
            read_message(body, message)
            message.parent = _queue_name(request)
            if message.task.HasField("http_request"):
                message.task.http_request.url = _with_port(message.task.http_request.url)
            return message

        task = message_object(await _CREATE_TASK.call(broker, read), enum_integers=False)
        return {"task": task | {"name": f"/{task['name']}"}}  # firebase-admin for Python takes one character off

    async def delete_task(request: web.Request) -> Any:
        name = f"{_queue_name(request)}/tasks/{request.match_info['task']}"
        await _DELETE_TASK.call(broker, lambda: _DELETE_TASK.request(name=name))
        return {}

    async def stats(_request: web.Request) -> Any:
        return await _stats(broker)

    return [
        web.post(_QUEUE, answered(set_queue)),
        web.post(f"{_QUEUE}/tasks", answered(create_task)),
        web.delete(f"{_QUEUE}/tasks/{{task}}", answered(delete_task)),
        web.get("/queueStats", answered(stats)),
    ]


def _queue_name(request: web.Request) -> str:
    return "projects/{project}/locations/{location}/queues/{queue}".format_map(request.match_info)


def _with_port(url: str) -> str:
    """A task's own URL with its port: the queue's routing must not put its own there."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return url
    if parts.port or not port or not parts.netloc:
        return url
    return parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{port}").geturl()


async def _stats(broker: Broker) -> dict[str, Any]:
    """How full and how fast each queue is; what the emulator also counts, additions and failures, is not here."""
    names = [depth.name for depth in await broker.store.queues.depths(limit=_MOST_QUEUES)]
    found = await asyncio.gather(*(_queue_or_none(broker, str(name)) for name in names))
    there = [queue for queue in found if queue]
    return {
        f"queue:{queue.name.project}-{queue.name.location}-{queue.name.queue_id}": {
            "numberOfTasks": stats.tasks - stats.in_flight,
            "runningTasks": stats.in_flight,
            "completedLastMin": stats.executed_last_minute,
            "maxRate": queue.rate_limits.max_dispatches_per_second,
            "maxConcurrent": queue.rate_limits.max_concurrent_dispatches,
        }
        for queue, stats in zip(there, await queues.queue_stats(broker, there), strict=True)
        if stats is not None
    }


async def _queue_or_none(broker: Broker, name: str) -> Queue | None:
    """The queue, or None if it was deleted meanwhile."""
    try:
        return await queues.get_queue(broker, name)
    except HeadraceError as error:
        if error.code is Code.NOT_FOUND:
            return None
        raise
