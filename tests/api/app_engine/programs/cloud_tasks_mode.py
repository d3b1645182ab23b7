"""The Python SDK in its Cloud Tasks mode: `python cloud_tasks_mode.py GRPC_ADDRESS`. It has no setting for an address,
so its two clients are replaced by ones that have another; all else is the SDK's."""

import json
import os
import sys

os.environ |= {
    "APPENGINE_USE_CLOUDTASK_PUSH_QUEUE": "true",
    "GOOGLE_CLOUD_PROJECT": "local",
    "LOCATION_ID": "us-central1",
}

import grpc
from google.appengine.api import taskqueue
from google.appengine.api.taskqueue import cloudtask
from google.cloud import tasks_v2, tasks_v2beta3


def client(module):
    transport_class = module.CloudTasksClient.get_transport_class("grpc")
    return module.CloudTasksClient(transport=transport_class(channel=grpc.insecure_channel(sys.argv[1])))


CLIENTS = client(tasks_v2), client(tasks_v2beta3)
cloudtask._get_client = lambda: CLIENTS[0]
cloudtask._get_v2beta3_client = lambda: CLIENTS[1]


def task(name, **fields):
    return taskqueue.Task(name=name, url="/work", countdown=3600, **fields)


def error_of(call, *arguments):
    try:
        call(*arguments)
    except taskqueue.Error as error:
        return type(error).__name__
    return "none"


def main():
    queue, unknown = taskqueue.Queue("push"), taskqueue.Queue("unknown")
    retry = taskqueue.TaskRetryOptions(task_retry_limit=3)
    seen = {"one": queue.add(task("one", retry_options=retry)).was_enqueued}
    batch = [task("two"), task("one"), task("three")]
    seen["batch"] = error_of(queue.add, batch), [each.was_enqueued for each in batch]
    seen["again"] = error_of(queue.add, task("one"))
    seen["unknown"] = error_of(unknown.add, task("one"))
    seen["statistics"] = queue.fetch_statistics().tasks
    seen["deleted"] = [each.was_deleted for each in queue.delete_tasks([task("one"), task("never")])]
    seen["tombstoned"] = error_of(queue.add, task("one"))
    queue.purge()
    seen["purged"] = queue.fetch_statistics().tasks
    print(json.dumps(seen))


main()
