"""What is there before the call of a row."""

from typing import Any

from tests.api.conformance.names import HTTP, LOCATION, QUEUE, TASK
from tests.api.conformance.row import Call


def a_queue(**fields: Any) -> tuple[Call, ...]:
    """The queue, with these fields of v2."""
    return (Call("CreateQueue", {"parent": LOCATION, "queue": {"name": QUEUE, **fields}}),)


def a_paused_queue(**fields: Any) -> tuple[Call, ...]:
    """The queue, which does not dispatch."""
    return (*a_queue(**fields), Call("PauseQueue", {"name": QUEUE}))


def a_task(**fields: Any) -> tuple[Call, ...]:
    """The task, in a queue that does not dispatch."""
    return (*a_paused_queue(), Call("CreateTask", {"parent": QUEUE, "task": {"name": TASK, **HTTP, **fields}}))


A_DELETED_QUEUE = (*a_queue(), Call("DeleteQueue", {"name": QUEUE}))
A_DELETED_TASK = (*a_task(), Call("DeleteTask", {"name": TASK}))
A_ROUTED_QUEUE = a_paused_queue(httpTarget={"uriOverride": {"host": "127.0.0.1", "port": "1"}})

A_PULL_QUEUE = (Call("CreateQueue", {"parent": LOCATION, "queue": {"name": QUEUE, "pullTarget": {}}}, "v2beta2"),)
PULL_MESSAGE = {"pullMessage": {"payload": "d29yaw==", "tag": "blue"}}
A_PULL_TASK = (
    *A_PULL_QUEUE,
    Call("CreateTask", {"parent": QUEUE, "task": {"name": TASK, **PULL_MESSAGE}}, "v2beta2"),
)
LEASE = Call("LeaseTasks", {"parent": QUEUE, "leaseDuration": "60s"}, "v2beta2")
A_LEASED_TASK = (*A_PULL_TASK, LEASE)
