"""The use case BufferTask: an HTTP call becomes a task of a queue that knows where its tasks go (section 3.8)."""

import re

from broker.model.task import Task, View
from broker.service import our_texts, tasks
from broker.service.broker import Broker
from broker.service.drafts import HttpRequestDraft, TaskDraft
from broker.service.header_rules import Headers
from broker.service.queues import get_queue

_of_this_call = re.compile(
    "host|content-length|content-encoding|user-agent|authorization|cookie|accept|accept-.*|expect|origin|referer"
    "|connection|keep-alive|transfer-encoding|upgrade|te|trailer|proxy-.*|via|forwarded|x-forwarded-.*|sec-.*"
    "|x-google-.*|x-goog-.*|x-appengine-.*|x-cloudtasks-.*|x-http-method-override|x-server-timeout",
    re.IGNORECASE,
)
"""Headers that concern the call itself, show who makes it, or are the service's own: never part of the task."""


async def buffer_task(broker: Broker, queue: str, task_id: str, headers: Headers, body: bytes) -> Task:
    """Add an HTTP task with this body and these headers, but for those of the call itself.

    URL, method and token are those of the queue's routing, which must name a host. An empty id is generated. The
    answer is the BASIC view. Raises HeadraceError.
    """
    found = await get_queue(broker, queue)
    uri = found.http_target.uri_override if found.http_target else None
    if uri is None or not uri.host:
        raise our_texts.buffer_target_missing()
    kept = tuple((name, value) for name, value in headers if not _of_this_call.fullmatch(name))
    draft = TaskDraft(
        name=str(found.name.task(task_id)) if task_id else "",
        http_request=HttpRequestDraft(headers=kept, body=body),
    )
    return await tasks.create_task(broker, queue, draft, View.BASIC)
