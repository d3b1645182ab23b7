"""The calls of google.cloud.tasks.v2.CloudTasks: message -> draft -> service -> message, nothing else."""

from typing import Any

from google.cloud.tasks_v2 import types
from google.protobuf import empty_pb2

from broker.api import convert_v2 as convert
from broker.service import cmek, queues, tasks
from broker.service.broker import Broker

_ListQueuesResponse = types.ListQueuesResponse.pb()
_ListTasksResponse = types.ListTasksResponse.pb()
_CmekConfig = types.CmekConfig.pb()


async def list_queues(broker: Broker, request: Any) -> Any:
    """ListQueues."""
    page, token = await queues.list_queues(
        broker,
        request.parent,
        page_size=request.page_size,
        page_token=request.page_token,
        filter_text=request.filter,
    )
    return _ListQueuesResponse(queues=map(convert.queue_message, page), next_page_token=token)


async def get_queue(broker: Broker, request: Any) -> Any:
    """GetQueue."""
    return convert.queue_message(await queues.get_queue(broker, request.name))


async def create_queue(broker: Broker, request: Any) -> Any:
    """CreateQueue."""
    draft = convert.read_queue(request.queue)
    return convert.queue_message(await queues.create_queue(broker, request.parent, draft))


async def update_queue(broker: Broker, request: Any) -> Any:
    """UpdateQueue."""
    draft, mask = convert.read_queue(request.queue), convert.read_mask(request.update_mask.paths)
    return convert.queue_message(await queues.update_queue(broker, draft, mask))


async def delete_queue(broker: Broker, request: Any) -> Any:
    """DeleteQueue."""
    await queues.delete_queue(broker, request.name)
    return empty_pb2.Empty()


async def purge_queue(broker: Broker, request: Any) -> Any:
    """PurgeQueue."""
    return convert.queue_message(await queues.purge_queue(broker, request.name))


async def pause_queue(broker: Broker, request: Any) -> Any:
    """PauseQueue."""
    return convert.queue_message(await queues.pause_queue(broker, request.name))


async def resume_queue(broker: Broker, request: Any) -> Any:
    """ResumeQueue."""
    return convert.queue_message(await queues.resume_queue(broker, request.name))


async def list_tasks(broker: Broker, request: Any) -> Any:
    """ListTasks."""
    page, token = await tasks.list_tasks(
        broker,
        request.parent,
        convert.read_view(request.response_view),
        page_size=request.page_size,
        page_token=request.page_token,
    )
    return _ListTasksResponse(tasks=map(convert.task_message, page), next_page_token=token)


async def get_task(broker: Broker, request: Any) -> Any:
    """GetTask."""
    view = convert.read_view(request.response_view)
    return convert.task_message(await tasks.get_task(broker, request.name, view))


async def create_task(broker: Broker, request: Any) -> Any:
    """CreateTask."""
    draft, view = convert.read_task(request.task), convert.read_view(request.response_view)
    return convert.task_message(await tasks.create_task(broker, request.parent, draft, view))


async def delete_task(broker: Broker, request: Any) -> Any:
    """DeleteTask."""
    await tasks.delete_task(broker, request.name)
    return empty_pb2.Empty()


async def run_task(broker: Broker, request: Any) -> Any:
    """RunTask."""
    view = convert.read_view(request.response_view)
    return convert.task_message(await tasks.run_task(broker, request.name, view))


async def get_cmek_config(broker: Broker, request: Any) -> Any:
    """GetCmekConfig."""
    return _CmekConfig(name=request.name, kms_key=await cmek.get_cmek_config(broker, request.name))


async def update_cmek_config(broker: Broker, request: Any) -> Any:
    """UpdateCmekConfig."""
    name, mask = request.cmek_config.name, convert.read_mask(request.update_mask.paths)
    kms_key = await cmek.update_cmek_config(broker, name, request.cmek_config.kms_key, mask)
    return _CmekConfig(name=name, kms_key=kms_key)
