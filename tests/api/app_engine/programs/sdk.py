"""The original Python SDK, pointed at a node: `python sdk.py HOST PORT SCENARIO`. Prints what the scenario saw."""

import datetime
import json
import os
import sys

HOST, PORT, SCENARIO = sys.argv[1:]
os.environ.update(API_HOST=HOST, API_PORT=PORT, HTTP_X_APPENGINE_API_TICKET="any")
os.environ.update(HTTP_HOST="worker.local.appspot.com", DEFAULT_VERSION_HOSTNAME="local.appspot.com")

from google.appengine.api import apiproxy_stub_map, taskqueue  # noqa: E402 - reads the environment
from google.appengine.api.taskqueue import taskqueue_service_bytes_pb2 as taskqueue_pb2  # noqa: E402 - reads the environment
from google.appengine.runtime import apiproxy_errors, default_api_stub  # noqa: E402 - reads the environment

default_api_stub.DefaultApiStub.SetUseRequestSecurityTicketForThread(True)
default_api_stub.Register(default_api_stub.DefaultApiStub())

QUEUE = taskqueue.Queue("pull")


def pull(payload, **fields):
    return taskqueue.Task(payload=payload, method="PULL", **fields)


def error_of(call, *arguments, **fields):
    """The class of the error that a call ends with."""
    try:
        call(*arguments, **fields)
    except (taskqueue.Error, apiproxy_errors.Error) as error:
        return type(error).__name__
    return "none"


def text(value):
    """What JSON can hold of a value that may be bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def names(tasks):
    return [task.name for task in tasks]


def leases():
    """Every call of a pull worker."""
    old = datetime.datetime(2000, 1, 1)
    added = QUEUE.add([pull(f"payload {n}", name=f"t{n}", tag="ab"[n % 2], eta=old) for n in range(4)])
    QUEUE.add(pull(b"\xff\0", name="bytes", eta=old + datetime.timedelta(seconds=1)))
    first = QUEUE.lease_tasks(60, 1)
    by_tag = QUEUE.lease_tasks_by_tag(60, 10, "b")
    oldest = QUEUE.lease_tasks_by_tag(60, 10)
    untagged = QUEUE.lease_tasks_by_tag(60, 10)
    (task,) = untagged
    end = task._eta_usec
    QUEUE.modify_task_lease(task, 120)
    extended = task._eta_usec - end
    stale = pull(b"", name="bytes", eta=old)
    stale._Task__eta_posix = 1.0
    expired = error_of(QUEUE.modify_task_lease, stale, 1)
    found = QUEUE.fetch_statistics()
    QUEUE.delete_tasks([*first, *by_tag])
    again = QUEUE.delete_tasks([pull("", name=name) for name in ("t0", "never", "bytes")])
    return {
        "added": [task.was_enqueued for task in added],
        "first": [(task.name, text(task.payload), text(task.tag), task.retry_count) for task in first],
        "by tag": names(by_tag),
        "oldest": names(oldest),
        "untagged": [(task.name, text(task.payload), text(task.tag)) for task in untagged],
        "extended by a minute": 59_000_000 < extended < 61_000_000,
        "stale": expired,
        "statistics": (found.tasks, found.executed_last_minute, found.in_flight, found.enforced_rate),
        "deleted": [task.was_deleted for task in first + by_tag],
        "again": [task.was_deleted for task in again],
        "left": [names(QUEUE.lease_tasks(1, 10)), QUEUE.purge(), QUEUE.fetch_statistics().tasks],
    }


def errors():
    """The classes that errors come to."""
    push, unknown = taskqueue.Queue("push"), taskqueue.Queue("unknown")
    QUEUE.add(pull("1", name="taken"))
    QUEUE.add(pull("1", name="gone"))
    QUEUE.delete_tasks_by_name("gone")
    batch = [pull("1", name="new1"), pull("1", name="taken"), pull("1", name="new2")]
    far = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=29, hours=23)
    call = {
        "taken in a batch": (QUEUE.add, batch),
        "gone": (QUEUE.add, pull("1", name="gone")),
        "lease of a push queue": (push.lease_tasks, 1, 1),
        "push task": (QUEUE.add, taskqueue.Task(url="/x")),
        "pull task": (push.add, pull("1")),
        "unknown": (unknown.add, pull("1")),
        "unknown lease": (unknown.lease_tasks, 1, 1),
        "unknown purge": (unknown.purge,),
        "far": (QUEUE.add, pull("1", eta=far)),
        "unknown call": (apiproxy_stub_map.MakeSyncCall, "datastore_v3", "Put", *[taskqueue_pb2.TaskQueueMode()] * 2),
        "incomplete": (
            apiproxy_stub_map.MakeSyncCall,
            "taskqueue",
            "Delete",
            taskqueue_pb2.TaskQueueMode(),
            taskqueue_pb2.TaskQueueDeleteResponse(),
        ),
    }
    seen = {name: error_of(*each) for name, each in call.items()}
    return seen | {
        "enqueued": [task.was_enqueued for task in batch],
        "unknown statistics": taskqueue.QueueStatistics.fetch(["unknown"])[0].tasks,
    }


def push():
    """Push tasks, with what the SDK fills in."""
    chosen = taskqueue.add(url="/work", params={"a": "1"}, headers={"X-Own": "2"}, countdown=3600)
    taskqueue.add(url="/get", method="GET", params={"a": "1"}, name="get", countdown=3600, target="v1.other")
    retry = taskqueue.TaskRetryOptions(task_retry_limit=3, task_age_limit=3600, min_backoff_seconds=2, max_doublings=1)
    taskqueue.Queue("push").add(taskqueue.Task(name="plain", payload="x", retry_options=retry, countdown=3600))
    return {"chosen": chosen.name, "tasks": taskqueue.Queue().fetch_statistics().tasks}


def asynchronous():
    """Many calls at once."""
    adds = [QUEUE.add_async(pull(str(n), name=f"t{n:02}", eta=datetime.datetime(2000, 1, 1))) for n in range(20)]
    for each in adds:
        each.get_result()
    leases = [QUEUE.lease_tasks_async(60, 5) for _ in range(4)]
    return sorted(name for each in leases for name in names(each.get_result()))


print(json.dumps(globals()[SCENARIO]()))
