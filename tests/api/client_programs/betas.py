"""What a beta shows of queues and tasks that v2 does not, or calls otherwise."""

import importlib
import json

from connection import LOCATION, TRANSPORT, VERSION, connect, error_of, shown
from google.cloud.location import locations_pb2
from google.protobuf import field_mask_pb2, json_format

IS_3 = VERSION == "v2beta3"
tasks = importlib.import_module(f"google.cloud.tasks_{VERSION}")
client = connect()
queue = f"{LOCATION}/queues/beta"
target = "app_engine_http_queue" if IS_3 else "app_engine_http_target"
rate, concurrency = (
    ("max_dispatches_per_second", "max_concurrent_dispatches")
    if IS_3
    else ("max_tasks_dispatched_per_second", "max_concurrent_tasks")
)
unlimited = {"max_attempts": -1} if IS_3 else {"unlimited_attempts": True}
answers = {}


def mask(*paths: str) -> field_mask_pb2.FieldMask:
    return field_mask_pb2.FieldMask(paths=paths)


def update(paths: list[str], **fields: object) -> object:
    return shown(client.update_queue(queue={"name": queue} | fields, update_mask=mask(*paths)))


wanted = {
    "name": queue,
    target: {"app_engine_routing_override": {"service": "s", "version": "v"}},
    "rate_limits": {rate: 0.25, "max_burst_size": 7, concurrency: 3},
    "retry_config": unlimited,
    "task_ttl": {"seconds": 864_000},
    "tombstone_ttl": {"seconds": 7_200},
}
answers["created"] = shown(client.create_queue(parent=LOCATION, queue=wanted))
answers["masked"] = update([f"{target}.app_engine_routing_override", f"rate_limits.{rate}"], rate_limits={rate: 100})
answers["kept"] = error_of(
    client.update_queue, queue={"name": queue, "task_ttl": {"seconds": 900_000}}, update_mask=mask("task_ttl")
)
pull = {"type_": 1} if IS_3 else {"pull_target": {}}
answers["pull"] = error_of(client.update_queue, queue={"name": queue} | pull)
answers["v2 name"] = error_of(
    client.update_queue, queue={"name": queue}, update_mask=mask("app_engine_routing_override")
)

answers["empty"] = shown(client.get_queue(request={"name": queue, "read_mask": mask("stats")}))
client.pause_queue(name=queue)
app_engine = {"relative_uri": "/u", "body": b"1"} if IS_3 else {"relative_url": "/u", "payload": b"1"}
task = {"name": f"{queue}/tasks/t", "app_engine_http_request": app_engine}
answers["task"] = shown(client.create_task(parent=queue, task=task))
full = client.get_task(request={"name": task["name"], "response_view": 2}).app_engine_http_request
answers["body"] = (full.body if IS_3 else full.payload).decode()
client.create_task(parent=queue, task={"http_request": {"url": "http://127.0.0.1:1/"}})
answers["listed"] = len(list(client.list_tasks(request={"parent": queue, "page_size": 1})))
(listed,) = client.list_queues(request={"parent": LOCATION, "read_mask": mask("name", "stats")})
answers["stats"] = shown(listed)
answers["run"] = shown(client.run_task(name=task["name"]))
answers["deleted"] = client.delete_task(name=task["name"])

if not IS_3:
    answers["lease"] = error_of(client.lease_tasks, parent=queue, lease_duration={"seconds": 1})
if TRANSPORT == "grpc" and not IS_3:  # over REST the client cannot upload
    file = {"data": b"queue: [{name: uploaded, rate: 1/s}]"}
    client.upload_queue_yaml(request={"app_id": "example.com:p", "http_body": file})
    answers["uploaded"] = [found.name.rpartition("/")[2] for found in client.list_queues(parent=LOCATION)]

project = LOCATION.partition("/locations")[0]
found = client.list_locations(locations_pb2.ListLocationsRequest(name=project))
answers["locations"] = json_format.MessageToDict(found)
place = client.get_location(locations_pb2.GetLocationRequest(name=f"{project}/locations/moon-1"))
answers["location"] = json_format.MessageToDict(place)
print(json.dumps(answers))
