"""The use cases of tasks. A refused call raises HeadraceError with the code and text of Google's service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from broker.errors import HeadraceError
from broker.model.app_engine import app_domain
from broker.model.names import TaskName
from broker.model.task import AppEngineHttpRequest, NewTask, Task, View
from broker.service import our_texts, pull_texts, texts
from broker.service.broker import Broker
from broker.service.creation_log import log_creation, log_refusal
from broker.service.drafts import TaskDraft
from broker.service.first_use import on_queue
from broker.service.name_rules import new_task_name, queue_name, task_name
from broker.service.page_size import page_length
from broker.service.task_rules import new_task
from broker.store.outcomes import (
    PageTokenInvalid,
    QueueMissing,
    ScheduleTooFar,
    TaskExists,
    TaskMissing,
    WrongQueueKind,
)

_LARGEST_PAGE = 1000
_IDENTITY_BYTES = 24


async def create_task(broker: Broker, parent: str, draft: TaskDraft, view: View, identity: bytes | None = None) -> Task:
    """Add a task to a queue, under the caller's name or a generated one.

    A name is refused while its task lives and for a while after. Without a name a repeated call makes
    another task; with the same `identity`, at least 16 random bytes, it answers the same task while that lives.
    """
    queue = queue_name(parent)
    identity = identity or os.urandom(_IDENTITY_BYTES)
    name, horizon_us = new_task_name(queue, draft.name, identity), broker.limits.schedule_horizon_s * 1_000_000

    async def create() -> Task:
        task = await _new_task(broker, name, draft)
        try:
            return await broker.store.tasks.create(task, horizon_us=horizon_us, identity=identity, view=view)
        except TaskExists as exists:
            raise (texts.task_name_used_recently() if exists.tombstoned else texts.task_exists()) from None
        except WrongQueueKind:
            raise pull_texts.wrong_task_kind(task) from None
        except ScheduleTooFar:
            raise texts.schedule_too_far(task.schedule_us or 0, broker.limits) from None

    try:
        created = await on_queue(broker, queue, create)
    except HeadraceError as error:
        log_refusal(broker, name, draft, error.code.name)
        raise
    log_creation(broker, created)
    broker.metrics.for_queue(parent).tasks_created.inc()
    return _shown(broker, created)


async def get_task(broker: Broker, name: str, view: View) -> Task:
    """The live task of that name."""
    with _existing_task():
        return _shown(broker, await broker.store.tasks.get(task_name(name), view))


async def list_tasks(
    broker: Broker, parent: str, view: View, *, page_size: int, page_token: str
) -> tuple[list[Task], str]:
    """One page of the queue's live tasks in no order, and the token of the next page, "" at the end.

    A task that lives throughout the listing appears; it can appear twice.
    """
    queue = queue_name(parent)
    length = page_length(page_size, _LARGEST_PAGE)
    try:
        tasks, token = await broker.store.tasks.page(queue, view, page_size=length, token=page_token)
    except QueueMissing:
        raise texts.queue_missing() from None
    except PageTokenInvalid:
        raise our_texts.page_token_invalid() from None
    return [_shown(broker, task) for task in tasks], token


async def delete_task(broker: Broker, name: str) -> None:
    """Delete a task. An attempt in flight runs on; its result changes nothing."""
    with _existing_task():
        await broker.store.tasks.delete(task_name(name))


async def run_task(broker: Broker, name: str, view: View) -> Task:
    """Dispatch a task now, whatever its schedule, its queue's state and limits, or an attempt in flight say.

    The answer counts the new attempt, which may not have reached the target yet.
    """
    with _existing_task():
        return _shown(broker, await broker.store.tasks.run(task_name(name), view))


async def _new_task(broker: Broker, name: TaskName, draft: TaskDraft) -> NewTask:
    """The checked task. As a rule without a call of the store: creating costs that one call alone.

    What depends on the queue is looked up: whether a URL may be missing, and, in a location with a Cloud KMS key,
    whether the queue has routing. A missing queue is reported before a bad task; only a bad task pays for looking.
    Raises QueueMissing.
    """
    url_missing = draft.http_request is not None and not draft.http_request.url
    guarded = await broker.store.cmek.is_on(name.queue.parent)
    queue = await broker.store.queues.get(name.queue) if url_missing or guarded else None
    target = queue.http_target if queue else None
    names_host = target is not None and target.uri_override is not None and target.uri_override.host is not None
    if guarded and target is not None:
        raise our_texts.cmek_excludes_routing()
    try:
        return new_task(
            name, draft, broker.limits, url_required=not names_host, app_engine_domain=broker.app_engine_domain
        )
    except HeadraceError:
        await broker.store.queues.get(name.queue)
        raise


def _shown(broker: Broker, task: Task) -> Task:
    """The task as an answer: with the host that the routing of an App Engine task comes to."""
    request = task.request
    if not isinstance(request, AppEngineHttpRequest):
        return task
    domain = app_domain(broker.app_engine_domain, task.name.queue.project)
    return replace(task, request=replace(request, routing=request.routing.in_domain(domain)))


@contextmanager
def _existing_task() -> Iterator[None]:
    try:
        yield
    except QueueMissing:
        raise texts.entity_missing() from None
    except TaskMissing as missing:
        raise (texts.task_existed_recently() if missing.tombstoned else pull_texts.task_missing()) from None
    except WrongQueueKind:
        raise pull_texts.pull_task_run() from None
