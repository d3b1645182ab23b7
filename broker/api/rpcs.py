"""Every method of the public APIs, one row each (section 3.1). Both gRPC and REST are made from this table.

A method that no handler module serves keeps its row: it answers UNIMPLEMENTED on both protocols.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from google.cloud.location import locations_pb2
from google.cloud.tasks_v2 import types as types_v2
from google.cloud.tasks_v2beta2 import types as types_v2beta2
from google.cloud.tasks_v2beta3 import types as types_v2beta3
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from broker.api import convert_v2, convert_v2beta2, convert_v2beta3, locations, operations, own_messages
from broker.api.converter import Converter
from broker.api.pull_handlers import PullTasks
from broker.errors import Code, HeadraceError
from broker.service.broker import Broker
from broker.service.quotas import has_quota, spend_quota

_log = logging.getLogger(__name__)

Handler = Callable[[Broker, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method: its name on gRPC, its verb, path and body on REST, its messages, and what serves it."""

    service: str
    method: str
    verb: str
    path: str
    """The REST path; `broker.api.paths` explains its letters."""
    body: str
    """Which request field the HTTP body is: "*" the whole request, "" none."""
    request: Any = None
    """The class of the request message; None if the method is not served."""
    response: Any = None
    handler: Handler | None = None
    resource: str = ""
    """The request's attribute that names what the call is about, if it is not the first variable of the path."""

    async def call(self, broker: Broker, read_request: Callable[[], Any]) -> Any:
        """Reads a request message and answers it, counted by canonical code.

        Raises nothing but HeadraceError; what is unexpected becomes INTERNAL and is logged.
        """
        outcome = "OK"
        try:
            if self.handler is None:
                raise HeadraceError(Code.UNIMPLEMENTED, f"{self.method} is not served yet.")
            request = read_request()
            if has_quota(broker, self.method):
                await spend_quota(broker, self.method, lambda: self._resource(request))
            return await self.handler(broker, request)
        except HeadraceError as error:
            outcome = error.code.name
            raise
        except asyncio.CancelledError:
            outcome = Code.CANCELLED.name
            raise
        except Exception as error:
            outcome = Code.INTERNAL.name
            _log.exception("%s failed", self.method)
            raise HeadraceError(Code.INTERNAL, "Internal error encountered.") from error
        finally:
            broker.metrics.api_call(self.method, outcome)

    def _resource(self, request: Any) -> str:
        """The name, in a request, of what the call is about."""
        variable = re.search(r"\{([a-z_.]+)=", self.path)
        fields = self.resource or (variable[1] if variable else "")
        value = request
        for field in filter(None, fields.split(".")):
            value = getattr(value, field)
        return value if isinstance(value, str) else ""


_CLOUD_TASKS = (
    ("ListQueues", "GET", "/V/{parent=L}/queues", "", "ListQueuesResponse"),
    ("GetQueue", "GET", "/V/{name=Q}", "", "Queue"),
    ("CreateQueue", "POST", "/V/{parent=L}/queues", "queue", "Queue"),
    ("UpdateQueue", "PATCH", "/V/{queue.name=Q}", "queue", "Queue"),
    ("DeleteQueue", "DELETE", "/V/{name=Q}", "", "Empty"),
    ("PurgeQueue", "POST", "/V/{name=Q}:purge", "*", "Queue"),
    ("PauseQueue", "POST", "/V/{name=Q}:pause", "*", "Queue"),
    ("ResumeQueue", "POST", "/V/{name=Q}:resume", "*", "Queue"),
    ("GetIamPolicy", "POST", "/V/{resource=Q}:getIamPolicy", "*", "Policy"),
    ("SetIamPolicy", "POST", "/V/{resource=Q}:setIamPolicy", "*", "Policy"),
    ("TestIamPermissions", "POST", "/V/{resource=Q}:testIamPermissions", "*", "TestIamPermissionsResponse"),
    ("ListTasks", "GET", "/V/{parent=Q}/tasks", "", "ListTasksResponse"),
    ("GetTask", "GET", "/V/{name=T}", "", "Task"),
    ("CreateTask", "POST", "/V/{parent=Q}/tasks", "*", "Task"),
    ("DeleteTask", "DELETE", "/V/{name=T}", "", "Empty"),
    ("RunTask", "POST", "/V/{name=T}:run", "*", "Task"),
    ("BatchCreateTasks", "POST", "/V/{parent=Q}/tasks:batchCreate", "*", "Operation"),
    ("BatchDeleteTasks", "POST", "/V/{parent=Q}/tasks:batchDelete", "*", "Operation"),
    ("BufferTask", "POST", "/V/{queue=Q}/tasks/{task_id=*}:buffer", "body", "BufferTaskResponse"),
    ("BufferTask", "POST", "/V/{queue=Q}/tasks:buffer", "body", "BufferTaskResponse"),
    ("BufferTask", "GET", "/V/{queue=Q}/tasks/{task_id=*}:buffer", "body", "BufferTaskResponse"),
    ("BufferTask", "GET", "/V/{queue=Q}/tasks:buffer", "body", "BufferTaskResponse"),
    ("GetCmekConfig", "GET", "/V/{name=L/cmekConfig}", "", "CmekConfig"),
    ("UpdateCmekConfig", "PATCH", "/V/{cmek_config.name=L/cmekConfig}", "cmek_config", "CmekConfig"),
)
_PULL = (
    ("LeaseTasks", "POST", "/V/{parent=Q}/tasks:lease", "*", "LeaseTasksResponse"),
    ("AcknowledgeTask", "POST", "/V/{name=T}:acknowledge", "*", "Empty"),
    ("RenewLease", "POST", "/V/{name=T}:renewLease", "*", "Task"),
    ("CancelLease", "POST", "/V/{name=T}:cancelLease", "*", "Task"),
    ("UploadQueueYaml", "POST", "/api/queue/update", "*", "Empty"),
)
"""What only v2beta2 has."""

_COMMON_MESSAGES = {
    "Empty": empty_pb2.Empty,
    "Operation": operations_pb2.Operation,
    "Policy": policy_pb2.Policy,
    "GetIamPolicyRequest": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicyRequest": iam_policy_pb2.SetIamPolicyRequest,
    "TestIamPermissionsRequest": iam_policy_pb2.TestIamPermissionsRequest,
    "TestIamPermissionsResponse": iam_policy_pb2.TestIamPermissionsResponse,
}
"""Messages that no version of Cloud Tasks has of its own."""


def _cloud_tasks(
    version: str, types: ModuleType, convert: Converter, methods: Iterable[tuple[str, ...]]
) -> tuple[Rpc, ...]:
    """The CloudTasks service in one version. `PullTasks.create_task` serves CreateTask, and so on.

    Served is what has a handler, and messages in this version.
    """
    service, handlers, rpcs = f"google.cloud.tasks.{version}.CloudTasks", PullTasks(types, convert), []
    for method, verb, path, body, response in methods:
        rpc = Rpc(service, method, verb, path.replace("V", version, 1), body)
        handler = getattr(handlers, re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower(), None)
        request_class = _message_class(types, f"{method}Request")
        if handler and request_class:
            rpc = replace(rpc, request=request_class, response=_message_class(types, response), handler=handler)
        rpcs.append(rpc)
    return tuple(rpcs)


def _message_class(types: ModuleType, name: str) -> Any:
    """The class of a message that the version has, or that all have in common; None if there is none."""
    if name in _COMMON_MESSAGES:
        return _COMMON_MESSAGES[name]
    return own_messages.message_class(types, name)


def _shared(version: str) -> tuple[Rpc, ...]:
    """The services that every version's paths lead to; on gRPC they have no version."""
    service, pb = "google.cloud.location.Locations", locations_pb2
    listing = (pb.ListLocationsRequest, pb.ListLocationsResponse, locations.list_locations)
    getting = (pb.GetLocationRequest, pb.Location, locations.get_location)
    watching = (operations_pb2.GetOperationRequest, operations_pb2.Operation, operations.get_operation)
    return (
        Rpc(service, "ListLocations", "GET", f"/{version}/{{name=P}}/locations", "", *listing),
        Rpc(service, "GetLocation", "GET", f"/{version}/{{name=L}}", "", *getting),
        Rpc(
            "google.longrunning.Operations", "GetOperation", "GET", f"/{version}/{{name=L/operations/*}}", "", *watching
        ),
    )


RPCS: tuple[Rpc, ...] = (
    *_cloud_tasks("v2", types_v2, convert_v2, _CLOUD_TASKS),
    *_shared("v2"),
    *_cloud_tasks("v2beta3", types_v2beta3, convert_v2beta3, _CLOUD_TASKS),
    *_shared("v2beta3"),
    *_cloud_tasks("v2beta2", types_v2beta2, convert_v2beta2, (*_CLOUD_TASKS, *_PULL)),
    *_shared("v2beta2"),
)
