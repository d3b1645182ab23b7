"""What v2beta3 and v2 show of a pull queue and its tasks, which v2beta2 made."""

import json

import grpc
from connection import ADDRESS, LOCATION, connect, shown
from google.cloud import tasks_v2, tasks_v2beta2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport as GrpcV2
from google.cloud.tasks_v2beta2.services.cloud_tasks.transports import CloudTasksGrpcTransport as GrpcV2beta2

channel = grpc.insecure_channel(ADDRESS)
v2beta2 = tasks_v2beta2.CloudTasksClient(transport=GrpcV2beta2(channel=channel))
v2 = tasks_v2.CloudTasksClient(transport=GrpcV2(channel=channel))
v2beta3 = connect()
queue = f"{LOCATION}/queues/pull"
v2beta3.create_queue(parent=LOCATION, queue={"name": queue, "type_": 1})
task = {"name": f"{queue}/tasks/t", "pull_message": {"payload": b"payload", "tag": "x"}}
v2beta2.create_task(parent=queue, task=task)
(listed,) = v2beta3.list_tasks(parent=queue)
full = v2beta3.get_task(request={"name": task["name"], "response_view": 2})
print(
    json.dumps(
        {
            "type": shown(v2beta3.get_queue(name=queue))["type_"],
            "message": shown(full)["pull_message"],
            "listed": shown(listed)["pull_message"],
            "v2": ["state", shown(v2.get_queue(name=queue))["state"]],
        }
    )
)
