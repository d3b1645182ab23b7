"""The batch calls, and the operations that they make, on a paused queue."""

import datetime
import importlib
import json
import uuid

from connection import LOCATION, VERSION, connect, error_of, shown
from google.longrunning import operations_pb2
from google.protobuf import json_format

tasks = importlib.import_module(f"google.cloud.tasks_{VERSION}")
client = connect()
queue = f"{LOCATION}/queues/batches"
client.create_queue(parent=LOCATION, queue={"name": queue})
client.pause_queue(name=queue)
target = {"url": "http://127.0.0.1:1/", "body": b"body"}
answers = {}


def create(*wanted: dict, request_id: str = "") -> object:
    requests = [{"parent": queue, "task": {"http_request": target} | task} for task in wanted]
    return client.batch_create_tasks(request={"parent": queue, "requests": requests, "request_id": request_id})


def known(future: object) -> dict:
    """What is always the same of an operation."""
    operation = json_format.MessageToDict(future.operation, preserving_proto_field_name=True)
    metadata = operation["metadata"]
    del metadata["start_time"], metadata["end_time"]
    took = future.metadata.end_time - future.metadata.start_time
    name = operation.pop("name")
    response = operation.get("response", {})
    response["tasks"] = [task["name"] for task in response.pop("tasks", [])]
    return operation | {"ordered": took >= datetime.timedelta(), "under": name.rpartition("/")[0]}


request_id = str(uuid.uuid4())
wanted = ({}, {"name": f"{queue}/tasks/a"}, {"name": f"{queue}/tasks/a"}, {"http_request": {"url": "ftp://x"}}, {})
first = create(*wanted, request_id=request_id)
created = first.result()
answers["created"] = [task.name for task in created.tasks]
answers["create"] = known(first)
answers["result"] = type(created).__name__
answers["metadata"] = type(first.metadata).__name__
answers["again"] = create(*wanted, request_id=request_id).operation == first.operation
answers["reused"] = error_of(lambda: create({}, request_id=request_id))
got = client.get_operation(operations_pb2.GetOperationRequest(name=first.operation.name))
answers["got"] = got == first.operation
answers["no operation"] = error_of(
    lambda: client.get_operation(operations_pb2.GetOperationRequest(name=f"{LOCATION}/operations/none"))
)
answers["listed"] = sorted(task.name for task in client.list_tasks(parent=queue)) == sorted(answers["created"])
answers["failed"] = known(create({"name": f"{queue}/tasks/a"}))
names = [*answers["created"], f"{queue}/tasks/none"]
deleted = client.batch_delete_tasks(parent=queue, names=names)
answers["deleted"] = type(deleted.result()).__name__
answers["delete"] = known(deleted)
answers["left"] = [shown(task) for task in client.list_tasks(parent=queue)]
answers["nothing"] = error_of(client.batch_create_tasks, request={"parent": queue})
answers["no queue"] = error_of(client.batch_delete_tasks, parent=f"{queue}s", names=[f"{queue}s/tasks/a"])
print(json.dumps(answers))
