"""The methods that workers and applications call: message -> use case -> message (App Engine specification, 2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from broker.api.app_engine.fields import given, read_add, text
from broker.api.app_engine.messages import MESSAGES
from broker.errors import HeadraceError
from broker.model.app_engine import app_domain
from broker.model.queue import QueueKind
from broker.model.task import AppEngineRouting
from broker.service import pull_texts, queues
from broker.service.app_engine import adds, leases
from broker.service.app_engine.caller import Caller

Handler = Callable[[Caller, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: the name of its request message, and what answers it."""

    request: str
    handler: Handler
    late: Callable[[], HeadraceError] | None = None
    """What is answered when the deadline has passed, if it is not DEADLINE_EXCEEDED."""


async def add(caller: Caller, request: Any) -> Any:
    """Add."""
    name = await adds.add(caller, read_add(request))
    return MESSAGES["AddResponse"](chosen_task_name=name.encode() if name else None)


async def bulk_add(caller: Caller, request: Any) -> Any:
    """BulkAdd."""
    response = MESSAGES["BulkAddResponse"]()
    for result, name in await adds.bulk_add(caller, list(map(read_add, request.add_request))):
        response.taskresult.add(result=result, chosen_task_name=name.encode() if name else None)
    return response


async def delete(caller: Caller, request: Any) -> Any:
    """Delete."""
    names = list(map(text, request.task_name))
    results = await leases.delete(caller, text(request.queue_name), names, text(request.app_id))
    return MESSAGES["DeleteResponse"](result=results)


async def query_and_own_tasks(caller: Caller, request: Any) -> Any:
    """QueryAndOwnTasks: a lease."""
    tasks = await leases.lease(
        caller,
        text(request.queue_name),
        lease_s=request.lease_seconds,
        max_tasks=request.max_tasks,
        group_by_tag=request.group_by_tag,
        tag=given(request, "tag"),
    )
    response = MESSAGES["QueryAndOwnTasksResponse"]()
    for task in tasks:
        response.task.add(
            task_name=task.task_id.encode(),
            eta_usec=task.schedule_us,
            retry_count=task.dispatch_count,
            body=task.body,
            tag=task.tag or None,
        )
    return response


async def modify_task_lease(caller: Caller, request: Any) -> Any:
    """ModifyTaskLease."""
    names = text(request.queue_name), text(request.task_name)
    eta_us = await leases.modify_lease(caller, *names, eta_us=request.eta_usec, lease_s=request.lease_seconds)
    return MESSAGES["ModifyTaskLeaseResponse"](updated_eta_usec=eta_us)


async def purge_queue(caller: Caller, request: Any) -> Any:
    """PurgeQueue."""
    await caller.on_queue(
        text(request.queue_name),
        lambda queue: queues.purge_queue(caller.broker, str(queue)),
        text(request.app_id),
    )
    return MESSAGES["Empty"]()


async def fetch_queue_stats(caller: Caller, request: Any) -> Any:
    """FetchQueueStats."""
    response = MESSAGES["FetchQueueStatsResponse"]()
    for found in await leases.queue_stats(caller, list(map(text, request.queue_name)), text(request.app_id)):
        if found is None:
            response.queuestats.add(num_tasks=0, oldest_eta_usec=-1)
            continue
        kind, stats = found
        oldest_us = -1 if stats.next_us is None else stats.next_us
        scanner = response.queuestats.add(num_tasks=stats.tasks, oldest_eta_usec=oldest_us).scanner_info
        scanner.executed_last_minute = stats.executed_last_minute
        scanner.executed_last_hour = stats.executed_last_hour
        scanner.sampling_duration_seconds = stats.sampling_s
        if kind is QueueKind.PUSH:
            scanner.requests_in_flight, scanner.enforced_rate = stats.in_flight, stats.rate
    return response


async def get_hostname(caller: Caller, request: Any) -> Any:
    """modules.GetHostname: where a service would be on App Engine."""
    domain = app_domain(caller.broker.app_engine_domain, caller.location().project)
    routing = AppEngineRouting(request.module, request.version, request.instance).in_domain(domain)
    return MESSAGES["GetHostnameResponse"](hostname=routing.host)


async def flush_logs(caller: Caller, request: Any) -> Any:
    """logservice.Flush, which Go programs send: there is nothing to do."""
    return MESSAGES["Empty"]()


METHODS = {
    ("taskqueue", "Add"): Method("AddRequest", add),
    ("taskqueue", "BulkAdd"): Method("BulkAddRequest", bulk_add),
    ("taskqueue", "Delete"): Method("DeleteRequest", delete),
    ("taskqueue", "QueryAndOwnTasks"): Method("QueryAndOwnTasksRequest", query_and_own_tasks, pull_texts.lease_late),
    ("taskqueue", "ModifyTaskLease"): Method("ModifyTaskLeaseRequest", modify_task_lease),
    ("taskqueue", "PurgeQueue"): Method("PurgeQueueRequest", purge_queue),
    ("taskqueue", "FetchQueueStats"): Method("FetchQueueStatsRequest", fetch_queue_stats),
    ("modules", "GetHostname"): Method("GetHostnameRequest", get_hostname),
    ("logservice", "Flush"): Method("Empty", flush_logs),
}
"""By service and method."""
