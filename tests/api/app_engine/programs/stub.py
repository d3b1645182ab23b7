"""The SDK's in-memory service. A line in: a method, its request (hex), the time (us); out: [answer (hex), code]."""

import json
import os
import sys

os.environ.setdefault("APPLICATION_ID", "app")

from google.appengine.api.taskqueue import taskqueue_service_bytes_pb2 as taskqueue_pb2
from google.appengine.api.taskqueue import taskqueue_stub
from google.appengine.runtime import apiproxy_errors

PULL = taskqueue_pb2.TaskQueueMode.PULL


class Clock:
    now_us = 0

    def __call__(self):
        return self.now_us / 1e6


def make_queue(stub, name, *, is_pull, retry_limit):
    parameters = None
    if retry_limit is not None:
        parameters = taskqueue_pb2.TaskQueueRetryParameters(retry_limit=retry_limit)
    mode = PULL if is_pull else taskqueue_pb2.TaskQueueMode.PUSH
    stub._GetGroup()._ConstructQueue(name, queue_mode=mode, retry_parameters=parameters)


def drop_exhausted(stub, name):
    """Delete what stands before the first task of a queue that can be leased, as a lease by tag does here."""
    queue = stub._GetGroup().GetQueue(name)
    with queue._lock:
        now_us = taskqueue_stub._SecToUsec(queue.gettime())
        tasks = queue._IndexScan(queue._sorted_by_eta, start_key=(0, ""), end_key=(now_us, ""))
        retries = [taskqueue_stub.Retry(task, queue).CanRetry(task.retry_count + 1, 0) for task in tasks]
        for task in tasks[: [*retries, True].index(True)]:
            queue._DeleteNoAcquireLock(task.task_name)


def call(stub, method, raw):
    """The answer's bytes and 0, or none and the code of an error."""
    request = getattr(taskqueue_pb2, f"TaskQueue{method}Request").FromString(bytes.fromhex(raw))
    response = getattr(taskqueue_pb2, f"TaskQueue{method}Response")()
    try:
        stub.MakeSyncCall("taskqueue", method, request, response)
    except apiproxy_errors.ApplicationError as error:
        return ["", error.application_error]
    return [response.SerializeToString().hex(), 0]


def main():
    clock = Clock()
    stub = taskqueue_stub.TaskQueueServiceStub(gettime=clock)
    stub._GetGroup()._queue_yaml_parser = None  # which would remove what no file lists
    for line in sys.stdin:
        command, *arguments, clock.now_us = json.loads(line)
        if command == "make queue":
            make_queue(stub, arguments[0], **arguments[1])
            answer = None
        elif command == "pause":
            stub._GetGroup().GetQueue(arguments[0]).paused = arguments[1]
            answer = None
        elif command == "drop exhausted":
            answer = drop_exhausted(stub, *arguments)
        else:
            answer = call(stub, command, *arguments)
        print(json.dumps(answer), flush=True)


main()
