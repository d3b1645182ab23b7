"""The methods that the console called: message -> use case -> message (App Engine specification, 2.9)."""

from typing import Any

from broker.api.app_engine.fields import (
    METHOD_NUMBERS,
    given,
    kind_of,
    mode_of,
    read_retry,
    text,
    write_retry,
)
from broker.api.app_engine.messages import MESSAGES
from broker.api.app_engine.methods import Method
from broker.model.queue import NO_ACL, Acl, QueueKind, QueueState
from broker.model.task import AppEngineHttpRequest, HttpRequest, PullMessage, Task
from broker.service.app_engine import queue_admin, task_queries
from broker.service.app_engine.caller import Caller


async def fetch_queues(caller: Caller, request: Any) -> Any:
    """FetchQueues."""
    response = MESSAGES["FetchQueuesResponse"]()
    for queue in await queue_admin.fetch_queues(caller, text(request.app_id), request.max_rows):
        shown = response.queue.add(
            queue_name=queue.name.queue_id.encode(),
            bucket_refill_per_second=queue.rate_limits.max_dispatches_per_second,
            bucket_capacity=queue.rate_limits.max_burst_size,
            paused=queue.state is not QueueState.RUNNING,
            mode=mode_of(queue.kind),
        )
        if queue.kind is QueueKind.PUSH:
            shown.max_concurrent_requests = queue.rate_limits.max_concurrent_dispatches
        shown.retry_parameters.SetInParent()
        write_retry(queue.retry_config, queue.kind, shown.retry_parameters)
        if queue.acl != NO_ACL:
            shown.acl.user_email.extend(address.encode() for address in queue.acl.users)
            shown.acl.writer_email.extend(address.encode() for address in queue.acl.writers)
    return response


async def update_queue(caller: Caller, request: Any) -> Any:
    """UpdateQueue."""
    update = queue_admin.QueueUpdate(
        queue_id=text(request.queue_name),
        kind=kind_of(request.mode),
        rate=request.bucket_refill_per_second,
        bucket_size=request.bucket_capacity,
        max_concurrent_requests=given(request, "max_concurrent_requests"),
        retry=read_retry(request),
        acl=Acl(tuple(map(text, request.acl.user_email)), tuple(map(text, request.acl.writer_email))),
    )
    await queue_admin.update_queue(caller, text(request.app_id), update)
    return MESSAGES["Empty"]()


async def pause_queue(caller: Caller, request: Any) -> Any:
    """PauseQueue."""
    await queue_admin.pause_queue(caller, text(request.app_id), text(request.queue_name), pause=request.pause)
    return MESSAGES["Empty"]()


async def delete_queue(caller: Caller, request: Any) -> Any:
    """DeleteQueue."""
    await queue_admin.delete_queue(caller, text(request.app_id), text(request.queue_name))
    return MESSAGES["Empty"]()


async def query_tasks(caller: Caller, request: Any) -> Any:
    """QueryTasks."""
    tasks = await task_queries.query_tasks(
        caller,
        text(request.app_id),
        text(request.queue_name),
        max_rows=request.max_rows,
        task_id=text(request.start_task_name),
        eta_us=given(request, "start_eta_usec"),
        tag=given(request, "start_tag"),
    )
    return _shown(*tasks)


async def fetch_task(caller: Caller, request: Any) -> Any:
    """FetchTask."""
    names = text(request.app_id), text(request.queue_name), text(request.task_name)
    return MESSAGES["FetchTaskResponse"](task=_shown(await task_queries.fetch_task(caller, *names)))


async def force_run(caller: Caller, request: Any) -> Any:
    """ForceRun."""
    names = text(request.app_id), text(request.queue_name), text(request.task_name)
    return MESSAGES["ForceRunResponse"](result=await task_queries.force_run(caller, *names))


def _shown(*tasks: Task) -> Any:
    response = MESSAGES["QueryTasksResponse"]()
    for task in tasks:
        body = task.request.body
        shown = response.task.add(
            task_name=task.name.task_id.encode(),
            eta_usec=task.schedule_us,
            retry_count=task.dispatch_count,
            body_size=len(body),
            body=body,
            creation_time_usec=task.create_us,
            first_try_usec=task.first_attempt.dispatch_us if task.first_attempt else None,
            dispatch_deadline_usec=task.dispatch_deadline_us,
        )
        _show_request(task.request, shown)
        is_pull = isinstance(task.request, PullMessage)
        shown.execution_count = task.dispatch_count if is_pull else task.response_count
        if task.retry_config:
            write_retry(task.retry_config, QueueKind.PULL if is_pull else QueueKind.PUSH, shown.retry_parameters)
        if not is_pull:
            _show_last_attempt(task, shown)
    return response


def _show_request(request: HttpRequest | AppEngineHttpRequest | PullMessage, shown: Any) -> None:
    if isinstance(request, PullMessage):
        shown.tag = request.tag
        if not request.tag:
            shown.ClearField("tag")
        return
    shown.url = (request.url if isinstance(request, HttpRequest) else request.relative_uri).encode()
    shown.method = METHOD_NUMBERS.get(request.method, 2)
    for name, value in request.headers:
        shown.header.add(key=name.encode(), value=value.encode())


def _show_last_attempt(task: Task, shown: Any) -> None:
    attempt = task.last_attempt
    if attempt is None or attempt.response_us is None:
        return
    shown.runlog.dispatched_usec = attempt.dispatch_us
    shown.runlog.lag_usec = attempt.dispatch_us - (attempt.schedule_us or attempt.dispatch_us)
    shown.runlog.elapsed_usec = attempt.response_us - attempt.dispatch_us
    shown.runlog.response_code = attempt.http_status


ADMIN_METHODS = {
    ("taskqueue", "FetchQueues"): Method("FetchQueuesRequest", fetch_queues),
    ("taskqueue", "UpdateQueue"): Method("UpdateQueueRequest", update_queue),
    ("taskqueue", "PauseQueue"): Method("PauseQueueRequest", pause_queue),
    ("taskqueue", "DeleteQueue"): Method("DeleteQueueRequest", delete_queue),
    ("taskqueue", "QueryTasks"): Method("QueryTasksRequest", query_tasks),
    ("taskqueue", "FetchTask"): Method("FetchTaskRequest", fetch_task),
    ("taskqueue", "ForceRun"): Method("ForceRunRequest", force_run),
}
"""By service and method."""
