"""The surfaces of pull queues on one node, as callers without a library: add, lease, renew, finish.

All speak of queue `pull` of the node's own project. Tasks go by their ids; a lease answers ids and proofs.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import grpc
import requests
from google.cloud import tasks_v2beta2
from google.protobuf import empty_pb2

from broker.api.app_engine.messages import MESSAGES
from tests.support.rest import microseconds
from tests.support.up import Node

QUEUE = "projects/local/locations/us-central1/queues/pull"
LEASE_S = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRANSIENT_ERROR = 2
_LATE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
"""What the server answers a moment before the deadline, and what the caller's own library says if it comes first."""
_PATIENCE_S = 30
"""How long a caller listens, whatever it tells the server."""


class BackOff(Exception):
    """The call could not run within its deadline: try again later."""


class Refused(Exception):
    """The call was answered, and not with what it asked for."""


class Surface(Protocol):
    """One protocol. Whatever is not as it should be raises Refused."""

    def add(self, task_id: str, tag: str = "") -> None:
        """Add a task whose payload is its id."""

    def lease(self, *, tag: str = "", deadline_s: float = 20, most: int = 100) -> dict[str, int]:
        """Ids and lease ends (us). Raises BackOff."""

    def renew(self, task_id: str, end_us: int) -> int:
        """The new end of a lease."""

    def finish(self, task_id: str, end_us: int) -> None:
        """Delete a task that was leased."""


class V2beta2Grpc:
    """Cloud Tasks v2beta2 over gRPC. Its callers listen for no longer than they tell the server."""

    def __init__(self, node: Node) -> None:
        self._channel = grpc.insecure_channel(node.grpc)

    def _call(self, method: str, request: Any, response: Any, deadline_s: float = 20) -> Any:
        path = f"/google.cloud.tasks.v2beta2.CloudTasks/{method}"
        call = self._channel.unary_unary(path, lambda message: message.SerializeToString(), response.FromString)
        try:
            return call(type(request).pb(request), timeout=deadline_s)
        except grpc.RpcError as error:
            if error.code() in _LATE:  # type: ignore[attr-defined]
                raise BackOff from error
            raise Refused(error.details()) from error  # type: ignore[attr-defined]

    def add(self, task_id: str, tag: str = "") -> None:
        message = tasks_v2beta2.PullMessage(payload=task_id.encode(), tag=tag)
        task = tasks_v2beta2.Task(name=f"{QUEUE}/tasks/{task_id}", pull_message=message)
        request = tasks_v2beta2.CreateTaskRequest(parent=QUEUE, task=task)
        self._call("CreateTask", request, tasks_v2beta2.Task.pb())

    def lease(self, *, tag: str = "", deadline_s: float = 20, most: int = 100) -> dict[str, int]:
        request = tasks_v2beta2.LeaseTasksRequest(
            parent=QUEUE,
            max_tasks=most,
            lease_duration=timedelta(seconds=LEASE_S),
            response_view=2,
            filter=f"tag={tag}" if tag else "",
        )
        answer = self._call("LeaseTasks", request, tasks_v2beta2.LeaseTasksResponse.pb(), deadline_s)
        assert all(task.name.endswith(task.pull_message.payload.decode()) for task in answer.tasks)
        return {task.name.rpartition("/")[2]: task.schedule_time.ToMicroseconds() for task in answer.tasks}

    def renew(self, task_id: str, end_us: int) -> int:
        request = tasks_v2beta2.RenewLeaseRequest(
            name=f"{QUEUE}/tasks/{task_id}",
            schedule_time=_EPOCH + timedelta(microseconds=end_us),
            lease_duration=timedelta(seconds=LEASE_S),
        )
        renewed: int = self._call("RenewLease", request, tasks_v2beta2.Task.pb()).schedule_time.ToMicroseconds()
        return renewed

    def finish(self, task_id: str, end_us: int) -> None:
        request = tasks_v2beta2.AcknowledgeTaskRequest(
            name=f"{QUEUE}/tasks/{task_id}", schedule_time=_EPOCH + timedelta(microseconds=end_us)
        )
        self._call("AcknowledgeTask", request, empty_pb2.Empty)


class _Http:
    """JSON over HTTP."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url, requests.Session()

    def _call(self, verb: str, path: str, body: Any = None, deadline_s: float = 20, **query: Any) -> Any:
        headers = {"X-Server-Timeout": str(deadline_s)}
        answer = self._session.request(
            verb, f"{self._url}/{path}".rstrip("/"), json=body, params=query, headers=headers, timeout=_PATIENCE_S
        )
        if answer.status_code == 503:
            raise BackOff
        if not answer.ok:
            raise Refused(answer.text)
        return answer.json() if answer.content else {}


class V2beta2Rest(_Http):
    """Cloud Tasks v2beta2 over REST."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"{node.http}/v2beta2")

    def add(self, task_id: str, tag: str = "") -> None:
        message = {"payload": base64.b64encode(task_id.encode()).decode(), "tag": tag}
        self._call("POST", f"{QUEUE}/tasks", {"task": {"name": f"{QUEUE}/tasks/{task_id}", "pullMessage": message}})

    def lease(self, *, tag: str = "", deadline_s: float = 20, most: int = 100) -> dict[str, int]:
        wanted = {"maxTasks": most, "leaseDuration": f"{LEASE_S}s", "responseView": "FULL"}
        body = wanted | ({"filter": f'tag="{tag}"'} if tag else {})
        answer = self._call("POST", f"{QUEUE}/tasks:lease", body, deadline_s)
        return {task["name"].rpartition("/")[2]: microseconds(task["scheduleTime"]) for task in answer.get("tasks", [])}

    def renew(self, task_id: str, end_us: int) -> int:
        body = {"scheduleTime": _timestamp(end_us), "leaseDuration": f"{LEASE_S}s"}
        return microseconds(self._call("POST", f"{QUEUE}/tasks/{task_id}:renewLease", body)["scheduleTime"])

    def finish(self, task_id: str, end_us: int) -> None:
        self._call("POST", f"{QUEUE}/tasks/{task_id}:acknowledge", {"scheduleTime": _timestamp(end_us)})


class V1beta2(_Http):
    """The legacy REST API."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"{node.http}/taskqueue/v1beta2/projects/s~local/taskqueues/pull/tasks")

    def add(self, task_id: str, tag: str = "") -> None:
        payload = base64.urlsafe_b64encode(task_id.encode()).decode()
        self._call("POST", "", {"id": task_id, "payloadBase64": payload} | ({"tag": tag} if tag else {}))

    def lease(self, *, tag: str = "", deadline_s: float = 20, most: int = 100) -> dict[str, int]:
        query = {"leaseSecs": LEASE_S, "numTasks": most} | ({"groupByTag": "true", "tag": tag} if tag else {})
        answer = self._call("POST", "lease", None, deadline_s, **query)
        return {item["id"]: int(item["leaseTimestamp"]) for item in answer.get("items", [])}

    def renew(self, task_id: str, end_us: int) -> int:
        body = {"id": task_id, "leaseTimestamp": str(end_us)}
        return int(self._call("POST", task_id, body, newLeaseSeconds=LEASE_S)["leaseTimestamp"])

    def finish(self, task_id: str, end_us: int) -> None:
        self._call("DELETE", task_id)


class RpcHttp:
    """The App Engine RPC endpoint."""

    def __init__(self, node: Node) -> None:
        self._url, self._session = f"{node.http}/rpc_http", requests.Session()

    def _call(self, method: str, request: Any, response: str, deadline_s: float = 20) -> Any:
        envelope = MESSAGES["Request"](
            service_name="taskqueue", method=method, request=request.SerializeToString(), request_id="ticket"
        )
        headers = {"X-Google-RPC-Service-Deadline": str(deadline_s)}
        raw = self._session.post(
            self._url, data=envelope.SerializeToString(), headers=headers, timeout=_PATIENCE_S
        ).content
        answer = MESSAGES["Response"].FromString(raw)
        if answer.HasField("application_error") and answer.application_error.code == _TRANSIENT_ERROR:
            raise BackOff
        if not answer.HasField("response"):
            raise Refused(answer)
        return MESSAGES[response].FromString(answer.response)

    def add(self, task_id: str, tag: str = "") -> None:
        body = task_id.encode()
        request = MESSAGES["AddRequest"](
            queue_name=b"pull", task_name=body, eta_usec=0, body=body, mode=1, tag=tag.encode() if tag else None
        )
        self._call("Add", request, "AddResponse")

    def lease(self, *, tag: str = "", deadline_s: float = 20, most: int = 100) -> dict[str, int]:
        request = MESSAGES["QueryAndOwnTasksRequest"](queue_name=b"pull", lease_seconds=LEASE_S, max_tasks=most)
        if tag:
            request.group_by_tag, request.tag = True, tag.encode()
        answer = self._call("QueryAndOwnTasks", request, "QueryAndOwnTasksResponse", deadline_s)
        assert all(task.task_name == task.body for task in answer.task)
        return {task.task_name.decode(): task.eta_usec for task in answer.task}

    def renew(self, task_id: str, end_us: int) -> int:
        request = MESSAGES["ModifyTaskLeaseRequest"](
            queue_name=b"pull", task_name=task_id.encode(), eta_usec=end_us, lease_seconds=LEASE_S
        )
        renewed: int = self._call("ModifyTaskLease", request, "ModifyTaskLeaseResponse").updated_eta_usec
        return renewed

    def finish(self, task_id: str, end_us: int) -> None:
        request = MESSAGES["DeleteRequest"](queue_name=b"pull", task_name=[task_id.encode()])
        (result,) = self._call("Delete", request, "DeleteResponse").result
        if result:
            raise Refused(result)


SURFACES = {"v2beta2 gRPC": V2beta2Grpc, "v2beta2 REST": V2beta2Rest, "v1beta2": V1beta2, "rpc_http": RpcHttp}


def _timestamp(moment_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=moment_us)).isoformat()
