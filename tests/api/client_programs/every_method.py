"""Calls every method of every client: all versions, synchronous and asyncio gRPC, REST.

`python every_method.py HOST:PORT http://HOST:PORT`. It runs with old releases of the library too; methods that a
release lacks are not called.
"""

import asyncio
import importlib
import inspect
import json
import sys
from datetime import timedelta

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import field_mask_pb2

GRPC, HTTP = sys.argv[1:]
PROJECT = "projects/p"
NO_CALL = ("from_service_account", "get_mtls_endpoint", "parse_", "get_transport_class")
HTTP_TASK = {"http_request": {"url": "http://127.0.0.1:1/", "body": b"body"}}
APP_ENGINE_TASK = {"app_engine_http_request": {"relative_url": "/", "payload": b"body"}}


def connect(version, kind):
    """A client of a version over a transport."""
    package = importlib.import_module(f"google.cloud.tasks_{version}")
    transports = package.services.cloud_tasks.transports
    if kind == "grpc":
        transport = transports.CloudTasksGrpcTransport(channel=grpc.insecure_channel(GRPC))
    elif kind == "asyncio":
        channel = grpc.aio.insecure_channel(GRPC)
        return package.CloudTasksAsyncClient(transport=transports.CloudTasksGrpcAsyncIOTransport(channel=channel))
    else:
        scheme, _, host = HTTP.partition("://")
        credentials = AnonymousCredentials()
        transport = transports.CloudTasksRestTransport(host=host, url_scheme=scheme, credentials=credentials)
    return package.CloudTasksClient(transport=transport)


class Caller:
    """One way to call methods of any client, which remembers what was called."""

    def __init__(self, client):
        self._client, self.called = client, set()

    async def __call__(self, method, request=None, **arguments):
        self.called.add(method)
        return await awaited(getattr(self._client, method)(request, **arguments))

    async def pages(self, method, request, items):
        """The ids of what is on each page."""
        pages = (await self(method, request)).pages
        pages = [page async for page in pages] if hasattr(pages, "__aiter__") else list(pages)
        return [[item.name.rpartition("/")[2] for item in getattr(page, items)] for page in pages]

    async def error(self, method, request=None, **arguments):
        """The class of the error that a call ends with, and its HTTP status."""
        try:
            await self(method, request, **arguments)
        except GoogleAPICallError as error:
            return [type(error).__name__, int(error.code)]

    def has(self, method):
        return hasattr(self._client, method)

    def uncalled(self):
        """Methods of the client that nobody has called."""
        methods = dict(inspect.getmembers(type(self._client), callable))
        own = {name for name in methods if name[0] != "_" and not name.endswith("_path")}
        return sorted(name for name in own - self.called if not name.startswith(NO_CALL))


async def awaited(value):
    """A value, waited for if it has to be."""
    return await value if inspect.isawaitable(value) else value


async def queues(call, location, queue):
    """Calls about queues."""
    for name in ("b", "c"):
        await call("create_queue", parent=location, queue={"name": f"{location}/queues/{name}"})
    retry = {"max_attempts": 7, "min_backoff": timedelta(milliseconds=1500)}
    created = await call("create_queue", parent=location, queue={"name": queue, "retry_config": retry})
    mask = field_mask_pb2.FieldMask(paths=["retry_config.max_doublings"])
    updated = await call("update_queue", queue={"name": queue, "retry_config": {"max_doublings": 3}}, update_mask=mask)
    purged = await call("purge_queue", name=queue)
    policy = policy_pb2.Policy(bindings=[{"role": "roles/cloudtasks.viewer", "members": ["allUsers"]}])
    stored = await call("set_iam_policy", iam_policy_pb2.SetIamPolicyRequest(resource=queue, policy=policy))
    read = await call("get_iam_policy", iam_policy_pb2.GetIamPolicyRequest(resource=queue))
    asked = iam_policy_pb2.TestIamPermissionsRequest(resource=queue, permissions=["cloudtasks.queues.get"])
    return {
        "states": [
            (await call(f"{verb}_queue", name=queue)).state.name for verb in ("pause", "resume", "pause", "get")
        ],
        "retries": [created.retry_config.max_attempts, updated.retry_config.max_doublings],
        "backoff": updated.retry_config.min_backoff.total_seconds(),
        "present": ["purge_time" in created, "purge_time" in purged, "max_retry_duration" in created.retry_config],
        "policy": stored == read and read.bindings[0].members[0],
        "permissions": list((await call("test_iam_permissions", asked)).permissions),
        "pages": await call.pages("list_queues", {"parent": location, "page_size": 2}, "queues"),
        "exists": await call.error("create_queue", parent=location, queue={"name": queue}),
        "invalid": await call.error("get_queue", name=f"{queue}_"),
    }


def body(task):
    """The body of a task, of whichever kind."""
    if "http_request" in type(task).meta.fields:
        return task.http_request.body.decode()
    return task.app_engine_http_request.payload.decode()


async def tasks(call, location, queue, module):
    """Calls about tasks, in a queue that is paused."""
    name, version = f"{queue}/tasks/t0", module.__name__.rpartition("_")[2]
    wanted = HTTP_TASK if "http_request" in module.Task.meta.fields else APP_ENGINE_TASK
    created = await call("create_task", parent=queue, task={"name": name, **wanted})
    for number in range(1, 5):
        await call("create_task", parent=queue, task={"name": f"{queue}/tasks/t{number}", **wanted})
    view = type(created).View.FULL
    full = await call("get_task", {"name": name, "response_view": view})
    pages = await call.pages("list_tasks", {"parent": queue, "page_size": 2}, "tasks")
    run = await call("run_task", name=name)
    status = run.status if version == "v2beta2" else run
    names = {"v2beta2": ("attempt_dispatch_count", "last_attempt_status")}
    count, last = names.get(version, ("dispatch_count", "last_attempt"))
    attempt = getattr(status, last)
    return {
        "views": [created.view.name, full.view.name, body(created), body(full)],
        "pages": [len(page) for page in pages if page],
        "listed": sorted(task_id for page in pages for task_id in page),
        "exists": await call.error("create_task", parent=queue, task={"name": name, **wanted}),
        "run": [getattr(status, count), last in status, "dispatch_time" in attempt, "response_time" in attempt],
        "deleted": await call("delete_task", name=f"{queue}/tasks/t4"),
        "gone": await call.error("get_task", name=f"{queue}/tasks/t4"),
        "deleted queue": await call("delete_queue", name=f"{location}/queues/c"),
        "gone queue": await call.error("delete_queue", name=f"{location}/queues/c"),
    }


async def leases(call, location):
    """Calls about tasks of pull queues."""
    queue, minute = f"{location}/queues/pull", timedelta(minutes=1)
    await call("create_queue", parent=location, queue={"name": queue, "pull_target": {}})
    await call("create_task", parent=queue, task={"name": f"{queue}/tasks/t", "pull_message": {"payload": b"x"}})

    async def lease():
        (task,) = (await call("lease_tasks", {"parent": queue, "max_tasks": 1, "lease_duration": minute})).tasks
        return {"name": task.name, "schedule_time": task.schedule_time}

    leased = await lease()
    renewed = await call("renew_lease", leased | {"lease_duration": minute * 2})
    cancelled = await call("cancel_lease", leased | {"schedule_time": renewed.schedule_time})
    return {
        "times": [leased["schedule_time"] < renewed.schedule_time, cancelled.schedule_time < renewed.schedule_time],
        "stale": await call.error("acknowledge_task", leased),
        "acknowledged": await call("acknowledge_task", await lease()),
    }


async def newer(call, location, queue, version, kind):
    """Calls that releases of the library came to have later."""
    facts = {}
    if call.has("batch_create_tasks"):
        requests = [{"parent": queue, "task": HTTP_TASK} for _ in range(3)]
        operation = await call("batch_create_tasks", {"parent": queue, "requests": requests})
        names = [task.name for task in (await awaited(operation.result())).tasks]
        asked = operations_pb2.GetOperationRequest(name=operation.operation.name)
        facts["operation"] = (await call("get_operation", asked)).done
        deletion = await call("batch_delete_tasks", {"parent": queue, "names": names})
        facts["batch"] = [len(set(names)), await awaited(deletion.result()) is not None]
    if call.has("get_cmek_config"):
        name = f"{location}/cmekConfig"
        key = f"{location}/keyRings/r/cryptoKeys/k"
        updated = await call("update_cmek_config", cmek_config={"name": name, "kms_key": key})
        facts["key"] = updated.kms_key == key == (await call("get_cmek_config", name=name)).kms_key
    if call.has("list_locations"):
        found = await call("list_locations", locations_pb2.ListLocationsRequest(name=PROJECT))
        place = await call("get_location", locations_pb2.GetLocationRequest(name=location))
        facts["locations"] = [len(found.locations), place.name == location]
    if call.has("upload_queue_yaml"):
        if kind == "rest":  # this client refuses to upload over REST
            call.called.add("upload_queue_yaml")
        else:
            file = {"data": b"queue: [{name: uploaded, rate: 1/s}]"}
            facts["uploaded"] = await call("upload_queue_yaml", {"app_id": f"{version}-{kind}", "http_body": file})
    return facts


async def target(call, queue, module):
    """Whether fields with explicit presence keep it: a port of 0 says something, no port does not."""
    if "http_target" not in module.Queue.meta.fields:
        return None
    override = {"host": "h.test", "port": 0}
    updated = await call("update_queue", queue={"name": queue, "http_target": {"uri_override": override}})
    got = updated.http_target.uri_override
    return ["port" in got, "scheme" in got, "query_override" in got]


async def everything(version, kind):
    """What one client sees."""
    location, module = f"{PROJECT}/locations/{version}-{kind}", importlib.import_module(f"google.cloud.tasks_{version}")
    queue, call = f"{location}/queues/a", Caller(connect(version, kind))
    facts = {
        "queues": await queues(call, location, queue),
        "tasks": await tasks(call, location, queue, module),
        "target": await target(call, f"{location}/queues/b", module),
        "leases": await leases(call, location) if call.has("lease_tasks") else None,
    }
    facts["newer"] = await newer(call, location, queue, version, kind)
    return facts | {"uncalled": call.uncalled()}


async def main():
    kinds = ("grpc", "asyncio", "rest")
    combinations = [(version, kind) for version in ("v2", "v2beta3", "v2beta2") for kind in kinds]
    return {" ".join(combination): await everything(*combination) for combination in combinations}


print(json.dumps(asyncio.run(main())))
