"""Calls that fail: the class, text and details of each error."""

import json

from connection import LOCATION, connect, error_of
from google.protobuf import field_mask_pb2

client = connect()
queue, missing = f"{LOCATION}/queues/q", f"{LOCATION}/queues/missing"
target = {"url": "http://127.0.0.1:1/"}
client.create_queue(parent=LOCATION, queue={"name": queue})
client.pause_queue(name=queue)
client.create_task(parent=queue, task={"name": f"{queue}/tasks/t", "http_request": target})
client.create_task(parent=queue, task={"name": f"{queue}/tasks/gone", "http_request": target})
client.delete_task(name=f"{queue}/tasks/gone")


def create(**task: object) -> object:
    return error_of(client.create_task, parent=queue, task={"http_request": target} | task)


errors = {
    "queue exists": error_of(client.create_queue, parent=LOCATION, queue={"name": queue}),
    "queue name": error_of(client.create_queue, parent=LOCATION, queue={"name": f"{LOCATION}/queues/no_good"}),
    "parent": error_of(client.create_queue, parent="projects/x/locations/no_good", queue={"name": queue}),
    "negative rate": error_of(
        client.update_queue, queue={"name": queue, "rate_limits": {"max_dispatches_per_second": -1}}
    ),
    "mask": error_of(
        client.update_queue, queue={"name": queue}, update_mask=field_mask_pb2.FieldMask(paths=["colour"])
    ),
    "http target": error_of(client.update_queue, queue={"name": queue, "http_target": {"uri_override": {"host": ""}}}),
    "missing queue": error_of(client.get_queue, name=missing),
    "delete missing queue": error_of(client.delete_queue, name=missing),
    "missing task": error_of(client.get_task, name=f"{queue}/tasks/missing"),
    "gone task": error_of(client.get_task, name=f"{queue}/tasks/gone"),
    "task exists": create(name=f"{queue}/tasks/t"),
    "task existed": create(name=f"{queue}/tasks/gone"),
    "task id": create(name=f"{queue}/tasks/no.good"),
    "task elsewhere": create(name=f"{missing}/tasks/t"),
    "missing queue of a task": error_of(client.create_task, parent=missing, task={"http_request": target}),
    "no url": create(http_request={}),
    "scheme": create(http_request={"url": "ftp://x"}),
    "deadline": create(dispatch_deadline={"seconds": 1}),
    "schedule": create(schedule_time={"seconds": 4102444800}),
    "size": create(http_request=target | {"body": b"x" * 1_100_000}),
    "app engine": error_of(client.create_task, parent=queue, task={"app_engine_http_request": {"relative_uri": "x"}}),
    "view": error_of(client.get_task, request={"name": f"{queue}/tasks/t", "response_view": 9}),
    "page token": error_of(client.list_tasks, request={"parent": queue, "page_token": "what"}),
    "page size": error_of(client.list_queues, request={"parent": LOCATION, "page_size": -1}),
    "permission": error_of(client.test_iam_permissions, request={"resource": queue, "permissions": ["a"]}),
    "policy of a missing queue": error_of(client.get_iam_policy, request={"resource": missing}),
}
print(json.dumps(errors))
