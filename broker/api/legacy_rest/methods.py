"""The methods of the legacy REST API (5.2): call -> service -> JSON. Decisions are the service's."""

from collections.abc import Awaitable, Callable
from typing import Any

from broker.api.deadline import remaining_s
from broker.api.legacy_rest.call import Call
from broker.api.legacy_rest.discovery import SERVICE_PATH
from broker.api.legacy_rest.faults import invalid, required
from broker.api.legacy_rest.resources import TaskBody, queue_resource, task_resource, tasks_resource
from broker.api.rpcs import Rpc
from broker.model.tag_filter import AnyTag, OldestTag, Tag, TagFilter
from broker.service import legacy_tasks, queues
from broker.service.broker import Broker
from broker.service.drafts import TaskDraft

Method = Callable[[Broker, Call], Awaitable[dict[str, Any] | None]]
"""Answers a resource, or None: nothing at all."""


async def _get_queue(broker: Broker, call: Call) -> dict[str, Any]:
    queue = await legacy_tasks.get_queue(broker, call.queue)
    wants_stats = call.parameters.boolean("getStats")
    (stats,) = await queues.queue_stats(broker, [queue]) if wants_stats else (None,)
    return queue_resource(queue, stats)


async def _list(broker: Broker, call: Call) -> dict[str, Any]:
    tasks = await legacy_tasks.list_tasks(broker, call.queue)
    return tasks_resource("taskqueues#tasks", [task_resource(task, with_payload=False) for task in tasks])


async def _insert(broker: Broker, call: Call) -> dict[str, Any]:
    body = TaskBody(call.body)
    call.check_queue(body.text("queueName") or call.queue_id)
    draft = TaskDraft(
        name=call.task_named(body.text("id")),
        pull_message=body.message(allow_standard=broker.legacy_standard_payloads),
        schedule_us=body.timestamp_us() or None,
        keeps_past_schedule=True,
    )
    return task_resource(await legacy_tasks.insert_task(broker, call.queue, draft))


async def _lease(broker: Broker, call: Call) -> dict[str, Any]:
    tasks = await legacy_tasks.lease_tasks(
        broker,
        call.queue,
        max_tasks=call.parameters.integer("numTasks"),
        lease_s=call.parameters.integer("leaseSecs"),
        tags=_tags(call),
        deadline_s=remaining_s(),
    )
    resources = [task_resource(task.task(), queue_name=call.legacy_queue) for task in tasks]
    # The kind, unlike that of a listing, has no second s; the queue has its long name.
    return tasks_resource("taskqueue#tasks", resources)


async def _get(broker: Broker, call: Call) -> dict[str, Any]:
    return task_resource(await legacy_tasks.get_task(broker, call.queue, call.task))


async def _update(broker: Broker, call: Call) -> dict[str, Any]:
    lease_s, body = call.parameters.integer("newLeaseSeconds"), TaskBody(call.body)
    call.check_id(body.required_text("id"))
    call.check_queue(body.text("queueName") or call.queue_id)
    lease_us = body.timestamp_us()
    if lease_us is None:
        raise required("leaseTimestamp")
    return task_resource(await legacy_tasks.renew_lease(broker, call.task, lease_us, lease_s=lease_s))


async def _patch(broker: Broker, call: Call) -> dict[str, Any]:
    lease_s, body = call.parameters.integer("newLeaseSeconds"), TaskBody(call.body)
    call.check_queue(body.required_text("queueName"))
    call.check_id(body.text("id") or call.task_id)
    return task_resource(await legacy_tasks.renew_lease(broker, call.task, body.timestamp_us(), lease_s=lease_s))


async def _delete(broker: Broker, call: Call) -> None:
    await legacy_tasks.delete_task(broker, call.queue, call.task_id)


def _tags(call: Call) -> TagFilter:
    """Which tasks to lease; an empty tag counts as none given."""
    tag = call.parameters.text("tag")
    if call.parameters.boolean("groupByTag"):
        return Tag(tag.encode()) if tag else OldestTag()
    if tag is not None:
        raise invalid("tag needs groupByTag=true.")
    return AnyTag()


_QUEUE = f"/{SERVICE_PATH}{{project=*}}/taskqueues/{{taskqueue=*}}"
_TASKS, _TASK = f"{_QUEUE}/tasks", f"{_QUEUE}/tasks/{{task=*}}"


def _row(method: str, verb: str, path: str, handler: Method) -> Rpc:
    return Rpc("taskqueue.v1beta2", f"taskqueue.{method}", verb, path, "", handler=handler, resource="queue")


METHODS = (
    _row("taskqueues.get", "GET", _QUEUE, _get_queue),
    _row("tasks.list", "GET", _TASKS, _list),
    _row("tasks.insert", "POST", _TASKS, _insert),
    _row("tasks.get", "GET", _TASK, _get),
    _row("tasks.update", "POST", _TASK, _update),
    _row("tasks.patch", "PATCH", _TASK, _patch),
    _row("tasks.delete", "DELETE", _TASK, _delete),
    _row("tasks.lease", "POST", f"{_TASKS}/lease", _lease),
)
"""What follows wins: a POST to tasks/lease leases, even if a task is called so."""
